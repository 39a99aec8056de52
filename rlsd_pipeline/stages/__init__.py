"""The stages of an iteration, in order; each reads artifacts and leaves one.

    problems           a data set -> questions, images, privileged answers
    policy             the base model, or the checkpoint of the iteration before
    rollouts           problems, policy -> G responses a question
    rewards            rollouts -> verdict, reward, advantage
    logprobs           the same tokens under student and teacher
    token_weights      rewards, logprobs -> the streams of the arm's method
    policy_checkpoint  rollouts, token weights -> the next policy
    benchmark_scores   a policy on a benchmark -> verdicts, score with interval
    results            all scores -> one table

To swap a stage, write another function, or put an artifact of its schema in its place.
"""
