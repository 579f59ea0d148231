"""Decide and do, for any service: read live, compare, plan, save a plan, apply it.

What belongs here holds for every kind. What one service does otherwise is a verb of the seam
(`model.Kind`, `model.Service`), never a case in here; what people see of it is in `reports/`.
"""
