"""Which part is to blame, in order: kinds.py (what a series measures) -> topology.py, meshes.py (who calls whom) ->
entities.py (series become parts) -> excess.py (how much worse than usual) -> symptoms.py (is there an incident, where
is it felt) -> blame.py or strange.py (ranking) -> explaining.py (suspects with evidence).

All of these are pure; folder.py and gather.py bring the data. Waiting and failing are conserved up the call chain, so
an excess weighted by requests and freed of what its callees explain needs no model and no training. Onset is
evidence and never ranks: what breaks first is often only what is measured first.
"""
