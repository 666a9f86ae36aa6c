"""One file per thing that can be done; each is one transaction and reads like a checklist."""
