"""The stages: each reads artifacts and writes one, in folders that follow the pipeline.

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
    comparison/        the credit of every method on the same rollouts
    upkeep/            retention, restoring, and stale results
    stage.py           the base class of stages
    registry.py        all stages, in order
    workspace.py       the experiment, store and policies that a stage runs with

The file of a stage holds its object and loads no model library; heavy work lies in a file beside
it.
"""
