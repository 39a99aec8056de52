"""The pipeline: a Dagster project whose assets are the stages of a training iteration.

    experiments/   one folder an experiment; its `defs.yaml` declares everything
    component.py   an experiment's YAML -> an asset graph
    stages/        one module a stage: read, call the library, report
    partitions.py  arms x iterations
    run_cluster.py a Ray cluster for each run, by KubeRay
    automation.py  the evaluation schedule, the sensor of checkpoints, order per arm
    definitions.py what Dagster loads
    home.py        where artifacts and the Dagster instance live
    cli/           the same loop from the command line

Loading the definitions imports neither torch nor transformers.
"""
