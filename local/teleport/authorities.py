"""The cluster's two authorities for TLS, one for hosts and one for users, through their rotations."""

from __future__ import annotations

from local.teleport.certificates import KeyAndCertificate, certificate_authority


class Authority:
    """One kind of authority. The newest signs; those before it count as long as a rotation keeps them."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._active = [certificate_authority(cluster)]

    @property
    def signer(self) -> KeyAndCertificate:
        """What new certificates are signed with."""
        return self._active[0]

    @property
    def certificates(self) -> list[str]:
        """All that count now, as PEM, the newest first."""
        return [one.certificate_pem for one in self._active]

    def rotate(self, *, keep_old: bool) -> None:
        """Makes a new one that signs from now on. Without `keep_old` the rotation is over: only the new one counts."""
        kept = self._active if keep_old else []
        self._active = [certificate_authority(self._cluster), *kept]


class Authorities:
    """Both kinds."""

    def __init__(self, cluster: str) -> None:
        self.host = Authority(cluster)
        self.user = Authority(cluster)
