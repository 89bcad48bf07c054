"""Scores back out: what a run found -> series (samples.py) -> a file for node_exporter (textfile.py), or every row
pushed at its own time (remote_write.py, wire.py).

Apart from triage, which decides when: a series here is a name, labels, times and values, whoever takes it.
"""
