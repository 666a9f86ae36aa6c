"""Units, campaigns, forms, evidence, submission, withdrawal."""
