"""Where live left what was applied, what is only waiting to be applied, and where both happened.

Pure: what is declared, what was declared when it was applied, and what is live go in.
"""
