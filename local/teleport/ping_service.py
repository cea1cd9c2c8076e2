"""What the cluster says about itself: Ping."""

from __future__ import annotations

from local.teleport.proto import local_teleport_pb2 as pb
from local.teleport.state import ClusterState
from local.teleport.times import go_zero

_BALANCED_SUITE = 2
_FREE_SUPPORT = 1
_EVERYWHERE = ("App", "DB", "Desktop", "JoinActiveSessions", "K8s")
_ENTERPRISE = ("AccessRequests", "Identity")
_NOT_LICENSED = (
    "AccessGraphDemoMode",
    "AccessLists",
    "AccessMonitoring",
    "CloudAuditLogRetention",
    "DeviceTrust",
    "ExternalAuditStorage",
    "FeatureHiding",
    "HSM",
    "LicenseAutoUpdate",
    "MobileDeviceManagement",
    "OIDC",
    "OktaSCIM",
    "OktaUserSync",
    "Policy",
    "SAML",
    "SessionLocks",
    "UnrestrictedManagedUpdates",
    "UpsellAlert",
    "UsageReporting",
)


def ping(state: ClusterState, proxy_address: str, remote_address: str) -> pb.PingResponse:
    """Ping. Anybody is answered, even without a client certificate. `AdvancedAccessWorkflows`: reviews work here."""
    has_reviews = state.edition == "ent"
    features = pb.Features(
        Kubernetes=True,
        App=True,
        DB=True,
        AdvancedAccessWorkflows=has_reviews,
        Desktop=True,
        DeviceTrust=pb.EmptyFeature(),
        AccessRequests=pb.AccessRequestsFeature(),
        IdentityGovernance=has_reviews,
        AccessList=pb.EmptyFeature(),
        AccessMonitoring=pb.EmptyFeature(),
        Policy=pb.EmptyFeature(),
        SupportType=_FREE_SUPPORT,
        JoinActiveSessions=True,
    )
    for name in _EVERYWHERE:
        features.entitlements[name].enabled = True
    for name in _ENTERPRISE:
        features.entitlements[name].enabled = has_reviews
    for name in _NOT_LICENSED:
        features.entitlements[name].SetInParent()
    return pb.PingResponse(
        ClusterName=state.name,
        ServerVersion=state.version,
        ServerFeatures=features,
        ProxyPublicAddr=proxy_address,
        RemoteAddr=remote_address,
        signature_algorithm_suite=_BALANCED_SUITE,
        LicenseExpiry=go_zero(),
    )
