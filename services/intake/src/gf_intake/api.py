"""The HTTP application of intake."""

from fastapi import FastAPI

from gf_chassis.http import create_app
from gf_chassis.identity import TokenVerifier
from gf_intake.bootstrap import Bootstrap, bootstrap
from gf_intake.domain.errors import DomainError
from gf_intake.entrypoints import partner
from gf_intake.entrypoints.http import ROUTERS
from gf_intake.settings import Settings
from gf_intake.web import pages, words
from gf_policy import PolicyLookupError

#: What a form has beside its file.
_AROUND = 2 * 1024 * 1024


def create(built: Bootstrap | None = None, *, verifier: TokenVerifier | None = None) -> FastAPI:
    """The application; from the environment where nothing is given. `verifier` replaces the issuer's (tests)."""
    built = built or bootstrap(Settings.read())
    app = create_app(
        "intake",
        built.runtime,
        ROUTERS,
        rejections=(DomainError, PolicyLookupError),
        title="绿梯 申报受理",
        description="申报单位、批次、表单、佐证材料、上报与取消上报;省级平台接口。",
        # One byte more than evidence may have, so that the refusal says what the limit is for.
        large_body={
            r"/intake/v1/evidence/": built.settings.evidence_max_bytes + 1,
            r"/intake/ui/submissions/[0-9a-f-]{36}/(files/|edit$|import$)": built.settings.evidence_max_bytes + _AROUND,
        },
        verifier=verifier,
        ui=[pages.router()],
        pages=pages.pages(lambda authority: words.authority_name(built.policies, authority)),
        hot=partner.hot(built),
    )
    app.state.intake = built
    return app
