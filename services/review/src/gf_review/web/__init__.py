"""The reviewers' desk (审核工作台): plain server-rendered pages."""
