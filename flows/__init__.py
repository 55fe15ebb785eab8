"""The Prefect flows, one a file, and the command line, which is a thin face of them.

Rule: a flow module defines flows and nothing else; nothing imports `flows`.
"""
