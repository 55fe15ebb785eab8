"""The demonstration's drawn footage, its known anomalies, and how well they were found.

Rule: no Prefect, no storage.
"""
