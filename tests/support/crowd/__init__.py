"""A country's worth of rows (百万级数据): seeded, realistic in shape and skew, written by bulk statements in chunks.

Each service has a file here that fills its database: a chunk is a transaction of its own, none runs into the time-out a
service sets itself, and the same seed gives the same rows. Used by the plan tests (small) and by `bench/pages.py`
(100,000 cases, 30,000 listed units, 500,000 submissions of history).
"""
