"""Cases, stages through the levels, decisions, batches, publicity, the reviewers' desk."""
