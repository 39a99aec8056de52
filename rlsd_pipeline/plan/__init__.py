"""The plan of an experiment: memory, time and disk on the declared hardware, before it runs.

    architecture.py  the model on the meta device: its parameters by part, its dimensions
    layout.py        how the declared compute and engine divide it over the devices
    lengths.py       the data's own prompt lengths, where they can be read here
    workload.py      prompts, responses and passes of one iteration
    operations.py    floating-point operations by stage
    activations.py   bytes that a forward or backward pass holds
    memory.py        memory of one device by part, phase by phase
    timing.py        time by stage, with the stated assumptions
    disk.py          artifacts of a whole run
    planning.py      all of it as one `Plan`, and what would make it fit
    refusal.py       refuses what cannot run

Every number is arithmetic on the declared configuration and on the counts of the model itself.
"""
