"""The command line: each command is a thin face of one flow.

Rule: no work is done here; flows are imported when a command runs, so that help comes at once.
"""
