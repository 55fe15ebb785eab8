"""Scores to something people look at.

Rule: no Prefect, no storage, no footage.
"""
