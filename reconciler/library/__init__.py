"""The verbs that the library offers and the command line uses: compose, and no more than that.

Decisions stand in `engine`, words for people in `cli` and `reports`.
"""
