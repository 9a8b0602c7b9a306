"""How many hours a whole collection takes on this machine: is it a night?

COLLECTION lists the lengths of its segments: MELD's own csv (Utterance, StartTime, EndTime), a manifest (text,
start_ms, end_ms), or a csv or jsonl with the columns tokens, seconds and, if you like, frames. No media are needed:
clips of these sizes are made up, cut where the model's limits are. A random sample of them is explained, by as many
processes as the machine has cores, one thread each, as a run does it; from their seconds follow those of all, with an
interval. The aim: MELD's test split, 2,610 utterances of which a thesis could afford 55, in less than 8 hours on two
cores at the published size.
"""
