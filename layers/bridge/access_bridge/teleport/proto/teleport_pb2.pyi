import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RequestState(_message.Message):
    __slots__ = ()
    class Value(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[RequestState.Value]
        PENDING: _ClassVar[RequestState.Value]
        APPROVED: _ClassVar[RequestState.Value]
        DENIED: _ClassVar[RequestState.Value]
        PROMOTED: _ClassVar[RequestState.Value]
    NONE: RequestState.Value
    PENDING: RequestState.Value
    APPROVED: RequestState.Value
    DENIED: RequestState.Value
    PROMOTED: RequestState.Value
    def __init__(self) -> None: ...

class RequestKind(_message.Message):
    __slots__ = ()
    class Value(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNDEFINED: _ClassVar[RequestKind.Value]
        SHORT_TERM: _ClassVar[RequestKind.Value]
        LONG_TERM: _ClassVar[RequestKind.Value]
    UNDEFINED: RequestKind.Value
    SHORT_TERM: RequestKind.Value
    LONG_TERM: RequestKind.Value
    def __init__(self) -> None: ...

class StringValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class LabelValues(_message.Message):
    __slots__ = ("values",)
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: StringValues
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[StringValues, _Mapping]] = ...) -> None: ...
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.MessageMap[str, StringValues]
    def __init__(self, values: _Optional[_Mapping[str, StringValues]] = ...) -> None: ...

class Metadata(_message.Message):
    __slots__ = ("name", "revision")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    name: str
    revision: str
    def __init__(self, name: _Optional[str] = ..., revision: _Optional[str] = ...) -> None: ...

class AccessReviewThreshold(_message.Message):
    __slots__ = ("name", "approve", "deny")
    NAME_FIELD_NUMBER: _ClassVar[int]
    APPROVE_FIELD_NUMBER: _ClassVar[int]
    DENY_FIELD_NUMBER: _ClassVar[int]
    name: str
    approve: int
    deny: int
    def __init__(self, name: _Optional[str] = ..., approve: _Optional[int] = ..., deny: _Optional[int] = ...) -> None: ...

class ThresholdIndexSet(_message.Message):
    __slots__ = ("indexes",)
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class ThresholdIndexSets(_message.Message):
    __slots__ = ("sets",)
    SETS_FIELD_NUMBER: _ClassVar[int]
    sets: _containers.RepeatedCompositeFieldContainer[ThresholdIndexSet]
    def __init__(self, sets: _Optional[_Iterable[_Union[ThresholdIndexSet, _Mapping]]] = ...) -> None: ...

class PromotedAccessList(_message.Message):
    __slots__ = ("name", "title")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ...) -> None: ...

class ResourceID(_message.Message):
    __slots__ = ("cluster_name", "kind", "name", "sub_resource_name")
    CLUSTER_NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUB_RESOURCE_NAME_FIELD_NUMBER: _ClassVar[int]
    cluster_name: str
    kind: str
    name: str
    sub_resource_name: str
    def __init__(self, cluster_name: _Optional[str] = ..., kind: _Optional[str] = ..., name: _Optional[str] = ..., sub_resource_name: _Optional[str] = ...) -> None: ...

class ResourceAccessID(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: ResourceID
    def __init__(self, id: _Optional[_Union[ResourceID, _Mapping]] = ...) -> None: ...

class AccessReview(_message.Message):
    __slots__ = ("author", "proposed_state", "reason", "created", "threshold_indexes", "submitted_by", "submitted_on_behalf_of_author")
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_INDEXES_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_BY_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_ON_BEHALF_OF_AUTHOR_FIELD_NUMBER: _ClassVar[int]
    author: str
    proposed_state: RequestState.Value
    reason: bytes
    created: _timestamp_pb2.Timestamp
    threshold_indexes: _containers.RepeatedScalarFieldContainer[int]
    submitted_by: str
    submitted_on_behalf_of_author: bool
    def __init__(self, author: _Optional[str] = ..., proposed_state: _Optional[_Union[RequestState.Value, str]] = ..., reason: _Optional[bytes] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., threshold_indexes: _Optional[_Iterable[int]] = ..., submitted_by: _Optional[str] = ..., submitted_on_behalf_of_author: _Optional[bool] = ...) -> None: ...

class AccessRequestSpec(_message.Message):
    __slots__ = ("user", "roles", "state", "created", "expires", "request_reason", "resolve_reason", "resolve_annotations", "system_annotations", "thresholds", "role_threshold_mapping", "reviews", "suggested_reviewers", "requested_resource_ids", "max_duration", "access_list", "assume_start_time", "resource_expiry", "request_kind", "requested_resource_access_ids")
    class RoleThresholdMappingEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ThresholdIndexSets
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ThresholdIndexSets, _Mapping]] = ...) -> None: ...
    USER_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_REASON_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_REASON_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_FIELD_NUMBER: _ClassVar[int]
    ROLE_THRESHOLD_MAPPING_FIELD_NUMBER: _ClassVar[int]
    REVIEWS_FIELD_NUMBER: _ClassVar[int]
    SUGGESTED_REVIEWERS_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_RESOURCE_IDS_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    ACCESS_LIST_FIELD_NUMBER: _ClassVar[int]
    ASSUME_START_TIME_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_EXPIRY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_KIND_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_RESOURCE_ACCESS_IDS_FIELD_NUMBER: _ClassVar[int]
    user: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    state: RequestState.Value
    created: _timestamp_pb2.Timestamp
    expires: _timestamp_pb2.Timestamp
    request_reason: bytes
    resolve_reason: bytes
    resolve_annotations: LabelValues
    system_annotations: LabelValues
    thresholds: _containers.RepeatedCompositeFieldContainer[AccessReviewThreshold]
    role_threshold_mapping: _containers.MessageMap[str, ThresholdIndexSets]
    reviews: _containers.RepeatedCompositeFieldContainer[AccessReview]
    suggested_reviewers: _containers.RepeatedScalarFieldContainer[bytes]
    requested_resource_ids: _containers.RepeatedCompositeFieldContainer[ResourceID]
    max_duration: _timestamp_pb2.Timestamp
    access_list: PromotedAccessList
    assume_start_time: _timestamp_pb2.Timestamp
    resource_expiry: _timestamp_pb2.Timestamp
    request_kind: RequestKind.Value
    requested_resource_access_ids: _containers.RepeatedCompositeFieldContainer[ResourceAccessID]
    def __init__(self, user: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ..., state: _Optional[_Union[RequestState.Value, str]] = ..., created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_reason: _Optional[bytes] = ..., resolve_reason: _Optional[bytes] = ..., resolve_annotations: _Optional[_Union[LabelValues, _Mapping]] = ..., system_annotations: _Optional[_Union[LabelValues, _Mapping]] = ..., thresholds: _Optional[_Iterable[_Union[AccessReviewThreshold, _Mapping]]] = ..., role_threshold_mapping: _Optional[_Mapping[str, ThresholdIndexSets]] = ..., reviews: _Optional[_Iterable[_Union[AccessReview, _Mapping]]] = ..., suggested_reviewers: _Optional[_Iterable[bytes]] = ..., requested_resource_ids: _Optional[_Iterable[_Union[ResourceID, _Mapping]]] = ..., max_duration: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., access_list: _Optional[_Union[PromotedAccessList, _Mapping]] = ..., assume_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resource_expiry: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_kind: _Optional[_Union[RequestKind.Value, str]] = ..., requested_resource_access_ids: _Optional[_Iterable[_Union[ResourceAccessID, _Mapping]]] = ...) -> None: ...

class AccessRequest(_message.Message):
    __slots__ = ("metadata", "spec")
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    metadata: Metadata
    spec: AccessRequestSpec
    def __init__(self, metadata: _Optional[_Union[Metadata, _Mapping]] = ..., spec: _Optional[_Union[AccessRequestSpec, _Mapping]] = ...) -> None: ...

class PingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Features(_message.Message):
    __slots__ = ("advanced_access_workflows",)
    ADVANCED_ACCESS_WORKFLOWS_FIELD_NUMBER: _ClassVar[int]
    advanced_access_workflows: bool
    def __init__(self, advanced_access_workflows: _Optional[bool] = ...) -> None: ...

class PingResponse(_message.Message):
    __slots__ = ("cluster_name", "server_version", "server_features", "proxy_public_addr")
    CLUSTER_NAME_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_FEATURES_FIELD_NUMBER: _ClassVar[int]
    PROXY_PUBLIC_ADDR_FIELD_NUMBER: _ClassVar[int]
    cluster_name: str
    server_version: str
    server_features: Features
    proxy_public_addr: str
    def __init__(self, cluster_name: _Optional[str] = ..., server_version: _Optional[str] = ..., server_features: _Optional[_Union[Features, _Mapping]] = ..., proxy_public_addr: _Optional[str] = ...) -> None: ...

class AccessRequestFilter(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListAccessRequestsRequest(_message.Message):
    __slots__ = ("filter", "limit", "start_key")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    START_KEY_FIELD_NUMBER: _ClassVar[int]
    filter: AccessRequestFilter
    limit: int
    start_key: str
    def __init__(self, filter: _Optional[_Union[AccessRequestFilter, _Mapping]] = ..., limit: _Optional[int] = ..., start_key: _Optional[str] = ...) -> None: ...

class ListAccessRequestsResponse(_message.Message):
    __slots__ = ("access_requests", "next_key")
    ACCESS_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_KEY_FIELD_NUMBER: _ClassVar[int]
    access_requests: _containers.RepeatedCompositeFieldContainer[AccessRequest]
    next_key: str
    def __init__(self, access_requests: _Optional[_Iterable[_Union[AccessRequest, _Mapping]]] = ..., next_key: _Optional[str] = ...) -> None: ...

class AccessReviewSubmission(_message.Message):
    __slots__ = ("request_id", "review")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    review: AccessReview
    def __init__(self, request_id: _Optional[str] = ..., review: _Optional[_Union[AccessReview, _Mapping]] = ...) -> None: ...

class RequestStateSetter(_message.Message):
    __slots__ = ("id", "state", "delegator", "reason", "annotations")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DELEGATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: RequestState.Value
    delegator: str
    reason: str
    annotations: LabelValues
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[RequestState.Value, str]] = ..., delegator: _Optional[str] = ..., reason: _Optional[str] = ..., annotations: _Optional[_Union[LabelValues, _Mapping]] = ...) -> None: ...

class GetUserRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class UserSpec(_message.Message):
    __slots__ = ("roles", "traits")
    ROLES_FIELD_NUMBER: _ClassVar[int]
    TRAITS_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedScalarFieldContainer[str]
    traits: LabelValues
    def __init__(self, roles: _Optional[_Iterable[str]] = ..., traits: _Optional[_Union[LabelValues, _Mapping]] = ...) -> None: ...

class User(_message.Message):
    __slots__ = ("metadata", "spec")
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    metadata: Metadata
    spec: UserSpec
    def __init__(self, metadata: _Optional[_Union[Metadata, _Mapping]] = ..., spec: _Optional[_Union[UserSpec, _Mapping]] = ...) -> None: ...

class GetUserResponse(_message.Message):
    __slots__ = ("user",)
    USER_FIELD_NUMBER: _ClassVar[int]
    user: User
    def __init__(self, user: _Optional[_Union[User, _Mapping]] = ...) -> None: ...

class RegisterUsingTokenRequest(_message.Message):
    __slots__ = ("node_name", "role", "token", "public_tls_key", "public_ssh_key")
    NODE_NAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_TLS_KEY_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_SSH_KEY_FIELD_NUMBER: _ClassVar[int]
    node_name: str
    role: str
    token: str
    public_tls_key: bytes
    public_ssh_key: bytes
    def __init__(self, node_name: _Optional[str] = ..., role: _Optional[str] = ..., token: _Optional[str] = ..., public_tls_key: _Optional[bytes] = ..., public_ssh_key: _Optional[bytes] = ...) -> None: ...

class RegisterUsingIAMMethodRequest(_message.Message):
    __slots__ = ("register_using_token_request", "sts_identity_request")
    REGISTER_USING_TOKEN_REQUEST_FIELD_NUMBER: _ClassVar[int]
    STS_IDENTITY_REQUEST_FIELD_NUMBER: _ClassVar[int]
    register_using_token_request: RegisterUsingTokenRequest
    sts_identity_request: bytes
    def __init__(self, register_using_token_request: _Optional[_Union[RegisterUsingTokenRequest, _Mapping]] = ..., sts_identity_request: _Optional[bytes] = ...) -> None: ...

class Certs(_message.Message):
    __slots__ = ("tls", "tls_ca_certs")
    TLS_FIELD_NUMBER: _ClassVar[int]
    TLS_CA_CERTS_FIELD_NUMBER: _ClassVar[int]
    tls: bytes
    tls_ca_certs: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, tls: _Optional[bytes] = ..., tls_ca_certs: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RegisterUsingIAMMethodResponse(_message.Message):
    __slots__ = ("challenge", "certs")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    CERTS_FIELD_NUMBER: _ClassVar[int]
    challenge: str
    certs: Certs
    def __init__(self, challenge: _Optional[str] = ..., certs: _Optional[_Union[Certs, _Mapping]] = ...) -> None: ...

class UserCertsRequest(_message.Message):
    __slots__ = ("username", "expires", "role_requests", "use_role_requests", "tls_public_key")
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    ROLE_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    USE_ROLE_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    TLS_PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    username: str
    expires: _timestamp_pb2.Timestamp
    role_requests: _containers.RepeatedScalarFieldContainer[str]
    use_role_requests: bool
    tls_public_key: bytes
    def __init__(self, username: _Optional[str] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., role_requests: _Optional[_Iterable[str]] = ..., use_role_requests: _Optional[bool] = ..., tls_public_key: _Optional[bytes] = ...) -> None: ...
