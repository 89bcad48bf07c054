"""Who hears of incidents: what is due (notices.py) -> kept until it is delivered (outbox.py) -> sinks/.

A notification is written in the transaction that changes its incident and sent after it, so that neither a crash
nor a sink that is down loses one: it goes out at least once, under a key by which the receiver can tell a repeat.
"""
