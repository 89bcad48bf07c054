"""What `sco detect` runs, in order: score (run.py) -> incidents (ledger.py), the only code that writes them.

A package, not a file: the ledger is tested, and later read by other commands, without a detector in sight.
"""
