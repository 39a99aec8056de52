"""The stages, each reading artifacts and leaving one, on shelves that read as the pipeline.

    iteration/         problems           a data set -> questions, images, privileged answers
                       policy             the base model, or the checkpoint before the iteration
                       rollouts           problems, policy -> G responses a question
                       rewards            rollouts -> verdict, reward, advantage
                       logprobs           the same tokens under student and teacher
                       token_weights      rewards, logprobs -> the streams of the arm's method
                       policy_checkpoint  rollouts, token weights -> the next policy
    evaluation/        benchmark_items    the questions of a public benchmark
                       benchmark_scores   a policy on a benchmark -> verdicts, score with interval
                       results            all scores -> one table
    comparison/        what every method makes of the same rollouts
    upkeep/            what is kept, made again, or out of date
    stage.py           what a stage is: one object that says everything about it once
    registry.py        all of them, in order
    run.py             what a stage runs in

The file of a stage holds its object and loads no model library; heavy work lies in a file beside
it.
"""
