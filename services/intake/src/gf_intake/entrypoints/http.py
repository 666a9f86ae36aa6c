"""The routes of intake, by what they are about."""

from fastapi import APIRouter

from gf_intake.entrypoints import campaigns, evidence, partner, submissions, units

ROUTERS: tuple[APIRouter, ...] = (
    units.router,
    campaigns.router,
    submissions.router,
    evidence.router,
    partner.router,
)
