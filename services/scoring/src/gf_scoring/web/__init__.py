"""Pages of scoring: sheets, what-if, rulesets, industries, rankings, shadow runs."""
