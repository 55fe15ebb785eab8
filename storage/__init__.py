"""The warehouse: layout, schemas and atomic commits of everything nightjar keeps.

Rule: pyarrow, numpy and the standard library; no Prefect, no torch, nothing of `tasks`.
"""
