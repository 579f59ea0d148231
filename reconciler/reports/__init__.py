"""One value in, one format out: plans, results and facts as people and programs read them.

Pure: nothing here reads, decides or prints, and nothing knows a kind by name. Where a report is
posted to is the business of others.
"""
