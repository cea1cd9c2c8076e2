import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RequestState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NONE: _ClassVar[RequestState]
    PENDING: _ClassVar[RequestState]
    APPROVED: _ClassVar[RequestState]
    DENIED: _ClassVar[RequestState]
    PROMOTED: _ClassVar[RequestState]
NONE: RequestState
PENDING: RequestState
APPROVED: RequestState
DENIED: RequestState
PROMOTED: RequestState

class StringValues(_message.Message):
    __slots__ = ("Values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    Values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, Values: _Optional[_Iterable[str]] = ...) -> None: ...

class LabelValues(_message.Message):
    __slots__ = ("Values",)
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: StringValues
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[StringValues, _Mapping]] = ...) -> None: ...
    VALUES_FIELD_NUMBER: _ClassVar[int]
    Values: _containers.MessageMap[str, StringValues]
    def __init__(self, Values: _Optional[_Mapping[str, StringValues]] = ...) -> None: ...

class ResourceMetadata(_message.Message):
    __slots__ = ("Name", "Namespace", "Description", "Labels", "Expires", "Revision")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    Name: str
    Namespace: str
    Description: str
    Labels: _containers.ScalarMap[str, str]
    Expires: _timestamp_pb2.Timestamp
    Revision: str
    def __init__(self, Name: _Optional[str] = ..., Namespace: _Optional[str] = ..., Description: _Optional[str] = ..., Labels: _Optional[_Mapping[str, str]] = ..., Expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., Revision: _Optional[str] = ...) -> None: ...

class PingRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Entitlement(_message.Message):
    __slots__ = ("enabled", "limit")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    limit: int
    def __init__(self, enabled: _Optional[bool] = ..., limit: _Optional[int] = ...) -> None: ...

class AccessRequestsFeature(_message.Message):
    __slots__ = ("monthly_request_limit",)
    MONTHLY_REQUEST_LIMIT_FIELD_NUMBER: _ClassVar[int]
    monthly_request_limit: int
    def __init__(self, monthly_request_limit: _Optional[int] = ...) -> None: ...

class EmptyFeature(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Features(_message.Message):
    __slots__ = ("Kubernetes", "App", "DB", "AdvancedAccessWorkflows", "Desktop", "DeviceTrust", "AccessRequests", "IdentityGovernance", "AccessList", "AccessMonitoring", "Policy", "SupportType", "JoinActiveSessions", "entitlements")
    class EntitlementsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Entitlement
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Entitlement, _Mapping]] = ...) -> None: ...
    KUBERNETES_FIELD_NUMBER: _ClassVar[int]
    APP_FIELD_NUMBER: _ClassVar[int]
    DB_FIELD_NUMBER: _ClassVar[int]
    ADVANCEDACCESSWORKFLOWS_FIELD_NUMBER: _ClassVar[int]
    DESKTOP_FIELD_NUMBER: _ClassVar[int]
    DEVICETRUST_FIELD_NUMBER: _ClassVar[int]
    ACCESSREQUESTS_FIELD_NUMBER: _ClassVar[int]
    IDENTITYGOVERNANCE_FIELD_NUMBER: _ClassVar[int]
    ACCESSLIST_FIELD_NUMBER: _ClassVar[int]
    ACCESSMONITORING_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    SUPPORTTYPE_FIELD_NUMBER: _ClassVar[int]
    JOINACTIVESESSIONS_FIELD_NUMBER: _ClassVar[int]
    ENTITLEMENTS_FIELD_NUMBER: _ClassVar[int]
    Kubernetes: bool
    App: bool
    DB: bool
    AdvancedAccessWorkflows: bool
    Desktop: bool
    DeviceTrust: EmptyFeature
    AccessRequests: AccessRequestsFeature
    IdentityGovernance: bool
    AccessList: EmptyFeature
    AccessMonitoring: EmptyFeature
    Policy: EmptyFeature
    SupportType: int
    JoinActiveSessions: bool
    entitlements: _containers.MessageMap[str, Entitlement]
    def __init__(self, Kubernetes: _Optional[bool] = ..., App: _Optional[bool] = ..., DB: _Optional[bool] = ..., AdvancedAccessWorkflows: _Optional[bool] = ..., Desktop: _Optional[bool] = ..., DeviceTrust: _Optional[_Union[EmptyFeature, _Mapping]] = ..., AccessRequests: _Optional[_Union[AccessRequestsFeature, _Mapping]] = ..., IdentityGovernance: _Optional[bool] = ..., AccessList: _Optional[_Union[EmptyFeature, _Mapping]] = ..., AccessMonitoring: _Optional[_Union[EmptyFeature, _Mapping]] = ..., Policy: _Optional[_Union[EmptyFeature, _Mapping]] = ..., SupportType: _Optional[int] = ..., JoinActiveSessions: _Optional[bool] = ..., entitlements: _Optional[_Mapping[str, Entitlement]] = ...) -> None: ...

class PingResponse(_message.Message):
    __slots__ = ("ClusterName", "ServerVersion", "ServerFeatures", "ProxyPublicAddr", "RemoteAddr", "signature_algorithm_suite", "LicenseExpiry")
    CLUSTERNAME_FIELD_NUMBER: _ClassVar[int]
    SERVERVERSION_FIELD_NUMBER: _ClassVar[int]
    SERVERFEATURES_FIELD_NUMBER: _ClassVar[int]
    PROXYPUBLICADDR_FIELD_NUMBER: _ClassVar[int]
    REMOTEADDR_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_ALGORITHM_SUITE_FIELD_NUMBER: _ClassVar[int]
    LICENSEEXPIRY_FIELD_NUMBER: _ClassVar[int]
    ClusterName: str
    ServerVersion: str
    ServerFeatures: Features
    ProxyPublicAddr: str
    RemoteAddr: str
    signature_algorithm_suite: int
    LicenseExpiry: _timestamp_pb2.Timestamp
    def __init__(self, ClusterName: _Optional[str] = ..., ServerVersion: _Optional[str] = ..., ServerFeatures: _Optional[_Union[Features, _Mapping]] = ..., ProxyPublicAddr: _Optional[str] = ..., RemoteAddr: _Optional[str] = ..., signature_algorithm_suite: _Optional[int] = ..., LicenseExpiry: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AccessReviewThreshold(_message.Message):
    __slots__ = ("Name", "Filter", "Approve", "Deny")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    APPROVE_FIELD_NUMBER: _ClassVar[int]
    DENY_FIELD_NUMBER: _ClassVar[int]
    Name: str
    Filter: str
    Approve: int
    Deny: int
    def __init__(self, Name: _Optional[str] = ..., Filter: _Optional[str] = ..., Approve: _Optional[int] = ..., Deny: _Optional[int] = ...) -> None: ...

class ThresholdIndexSet(_message.Message):
    __slots__ = ("Indexes",)
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    Indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, Indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class ThresholdIndexSets(_message.Message):
    __slots__ = ("Sets",)
    SETS_FIELD_NUMBER: _ClassVar[int]
    Sets: _containers.RepeatedCompositeFieldContainer[ThresholdIndexSet]
    def __init__(self, Sets: _Optional[_Iterable[_Union[ThresholdIndexSet, _Mapping]]] = ...) -> None: ...

class PromotedAccessList(_message.Message):
    __slots__ = ("Name", "Title")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    Name: str
    Title: str
    def __init__(self, Name: _Optional[str] = ..., Title: _Optional[str] = ...) -> None: ...

class AccessReview(_message.Message):
    __slots__ = ("Author", "Roles", "ProposedState", "Reason", "Created", "Annotations", "ThresholdIndexes", "accessList", "AssumeStartTime", "SubmittedBy", "submitted_on_behalf_of_author")
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    PROPOSEDSTATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDINDEXES_FIELD_NUMBER: _ClassVar[int]
    ACCESSLIST_FIELD_NUMBER: _ClassVar[int]
    ASSUMESTARTTIME_FIELD_NUMBER: _ClassVar[int]
    SUBMITTEDBY_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_ON_BEHALF_OF_AUTHOR_FIELD_NUMBER: _ClassVar[int]
    Author: str
    Roles: _containers.RepeatedScalarFieldContainer[str]
    ProposedState: RequestState
    Reason: str
    Created: _timestamp_pb2.Timestamp
    Annotations: LabelValues
    ThresholdIndexes: _containers.RepeatedScalarFieldContainer[int]
    accessList: PromotedAccessList
    AssumeStartTime: _timestamp_pb2.Timestamp
    SubmittedBy: str
    submitted_on_behalf_of_author: bool
    def __init__(self, Author: _Optional[str] = ..., Roles: _Optional[_Iterable[str]] = ..., ProposedState: _Optional[_Union[RequestState, str]] = ..., Reason: _Optional[str] = ..., Created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., Annotations: _Optional[_Union[LabelValues, _Mapping]] = ..., ThresholdIndexes: _Optional[_Iterable[int]] = ..., accessList: _Optional[_Union[PromotedAccessList, _Mapping]] = ..., AssumeStartTime: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., SubmittedBy: _Optional[str] = ..., submitted_on_behalf_of_author: _Optional[bool] = ...) -> None: ...

class AccessReviewSubmission(_message.Message):
    __slots__ = ("RequestID", "Review")
    REQUESTID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    RequestID: str
    Review: AccessReview
    def __init__(self, RequestID: _Optional[str] = ..., Review: _Optional[_Union[AccessReview, _Mapping]] = ...) -> None: ...

class ResourceID(_message.Message):
    __slots__ = ("ClusterName", "Kind", "Name", "SubResourceName")
    CLUSTERNAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUBRESOURCENAME_FIELD_NUMBER: _ClassVar[int]
    ClusterName: str
    Kind: str
    Name: str
    SubResourceName: str
    def __init__(self, ClusterName: _Optional[str] = ..., Kind: _Optional[str] = ..., Name: _Optional[str] = ..., SubResourceName: _Optional[str] = ...) -> None: ...

class DryRunDetails(_message.Message):
    __slots__ = ("ReasonMode", "ReasonPrompts")
    REASONMODE_FIELD_NUMBER: _ClassVar[int]
    REASONPROMPTS_FIELD_NUMBER: _ClassVar[int]
    ReasonMode: str
    ReasonPrompts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ReasonMode: _Optional[str] = ..., ReasonPrompts: _Optional[_Iterable[str]] = ...) -> None: ...

class AccessRequestSpecV3(_message.Message):
    __slots__ = ("User", "Roles", "State", "Created", "Expires", "RequestReason", "ResolveReason", "ResolveAnnotations", "SystemAnnotations", "Thresholds", "RoleThresholdMapping", "Reviews", "SuggestedReviewers", "RequestedResourceIDs", "LoginHint", "DryRun", "MaxDuration", "SessionTTL", "accessList", "AssumeStartTime", "ResourceExpiry", "DryRunEnrichment", "RequestKind")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNDEFINED: _ClassVar[AccessRequestSpecV3.Kind]
        SHORT_TERM: _ClassVar[AccessRequestSpecV3.Kind]
        LONG_TERM: _ClassVar[AccessRequestSpecV3.Kind]
    UNDEFINED: AccessRequestSpecV3.Kind
    SHORT_TERM: AccessRequestSpecV3.Kind
    LONG_TERM: AccessRequestSpecV3.Kind
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
    REQUESTREASON_FIELD_NUMBER: _ClassVar[int]
    RESOLVEREASON_FIELD_NUMBER: _ClassVar[int]
    RESOLVEANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    SYSTEMANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_FIELD_NUMBER: _ClassVar[int]
    ROLETHRESHOLDMAPPING_FIELD_NUMBER: _ClassVar[int]
    REVIEWS_FIELD_NUMBER: _ClassVar[int]
    SUGGESTEDREVIEWERS_FIELD_NUMBER: _ClassVar[int]
    REQUESTEDRESOURCEIDS_FIELD_NUMBER: _ClassVar[int]
    LOGINHINT_FIELD_NUMBER: _ClassVar[int]
    DRYRUN_FIELD_NUMBER: _ClassVar[int]
    MAXDURATION_FIELD_NUMBER: _ClassVar[int]
    SESSIONTTL_FIELD_NUMBER: _ClassVar[int]
    ACCESSLIST_FIELD_NUMBER: _ClassVar[int]
    ASSUMESTARTTIME_FIELD_NUMBER: _ClassVar[int]
    RESOURCEEXPIRY_FIELD_NUMBER: _ClassVar[int]
    DRYRUNENRICHMENT_FIELD_NUMBER: _ClassVar[int]
    REQUESTKIND_FIELD_NUMBER: _ClassVar[int]
    User: str
    Roles: _containers.RepeatedScalarFieldContainer[str]
    State: RequestState
    Created: _timestamp_pb2.Timestamp
    Expires: _timestamp_pb2.Timestamp
    RequestReason: str
    ResolveReason: str
    ResolveAnnotations: LabelValues
    SystemAnnotations: LabelValues
    Thresholds: _containers.RepeatedCompositeFieldContainer[AccessReviewThreshold]
    RoleThresholdMapping: _containers.MessageMap[str, ThresholdIndexSets]
    Reviews: _containers.RepeatedCompositeFieldContainer[AccessReview]
    SuggestedReviewers: _containers.RepeatedScalarFieldContainer[str]
    RequestedResourceIDs: _containers.RepeatedCompositeFieldContainer[ResourceID]
    LoginHint: str
    DryRun: bool
    MaxDuration: _timestamp_pb2.Timestamp
    SessionTTL: _timestamp_pb2.Timestamp
    accessList: PromotedAccessList
    AssumeStartTime: _timestamp_pb2.Timestamp
    ResourceExpiry: _timestamp_pb2.Timestamp
    DryRunEnrichment: DryRunDetails
    RequestKind: AccessRequestSpecV3.Kind
    def __init__(self, User: _Optional[str] = ..., Roles: _Optional[_Iterable[str]] = ..., State: _Optional[_Union[RequestState, str]] = ..., Created: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., Expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., RequestReason: _Optional[str] = ..., ResolveReason: _Optional[str] = ..., ResolveAnnotations: _Optional[_Union[LabelValues, _Mapping]] = ..., SystemAnnotations: _Optional[_Union[LabelValues, _Mapping]] = ..., Thresholds: _Optional[_Iterable[_Union[AccessReviewThreshold, _Mapping]]] = ..., RoleThresholdMapping: _Optional[_Mapping[str, ThresholdIndexSets]] = ..., Reviews: _Optional[_Iterable[_Union[AccessReview, _Mapping]]] = ..., SuggestedReviewers: _Optional[_Iterable[str]] = ..., RequestedResourceIDs: _Optional[_Iterable[_Union[ResourceID, _Mapping]]] = ..., LoginHint: _Optional[str] = ..., DryRun: _Optional[bool] = ..., MaxDuration: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., SessionTTL: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accessList: _Optional[_Union[PromotedAccessList, _Mapping]] = ..., AssumeStartTime: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ResourceExpiry: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., DryRunEnrichment: _Optional[_Union[DryRunDetails, _Mapping]] = ..., RequestKind: _Optional[_Union[AccessRequestSpecV3.Kind, str]] = ...) -> None: ...

class AccessRequestV3(_message.Message):
    __slots__ = ("Kind", "SubKind", "Version", "Metadata", "Spec")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBKIND_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    Kind: str
    SubKind: str
    Version: str
    Metadata: ResourceMetadata
    Spec: AccessRequestSpecV3
    def __init__(self, Kind: _Optional[str] = ..., SubKind: _Optional[str] = ..., Version: _Optional[str] = ..., Metadata: _Optional[_Union[ResourceMetadata, _Mapping]] = ..., Spec: _Optional[_Union[AccessRequestSpecV3, _Mapping]] = ...) -> None: ...

class AccessRequestFilter(_message.Message):
    __slots__ = ("ID", "User", "State", "SearchKeywords", "scope", "Requester")
    class Scope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[AccessRequestFilter.Scope]
        MY_REQUESTS: _ClassVar[AccessRequestFilter.Scope]
        NEEDS_REVIEW: _ClassVar[AccessRequestFilter.Scope]
        REVIEWED: _ClassVar[AccessRequestFilter.Scope]
    DEFAULT: AccessRequestFilter.Scope
    MY_REQUESTS: AccessRequestFilter.Scope
    NEEDS_REVIEW: AccessRequestFilter.Scope
    REVIEWED: AccessRequestFilter.Scope
    ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SEARCHKEYWORDS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    ID: str
    User: str
    State: RequestState
    SearchKeywords: _containers.RepeatedScalarFieldContainer[str]
    scope: AccessRequestFilter.Scope
    Requester: str
    def __init__(self, ID: _Optional[str] = ..., User: _Optional[str] = ..., State: _Optional[_Union[RequestState, str]] = ..., SearchKeywords: _Optional[_Iterable[str]] = ..., scope: _Optional[_Union[AccessRequestFilter.Scope, str]] = ..., Requester: _Optional[str] = ...) -> None: ...

class ListAccessRequestsRequest(_message.Message):
    __slots__ = ("Filter", "Sort", "Descending", "Limit", "StartKey")
    class SortBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[ListAccessRequestsRequest.SortBy]
        CREATED: _ClassVar[ListAccessRequestsRequest.SortBy]
        STATE: _ClassVar[ListAccessRequestsRequest.SortBy]
        USER: _ClassVar[ListAccessRequestsRequest.SortBy]
    DEFAULT: ListAccessRequestsRequest.SortBy
    CREATED: ListAccessRequestsRequest.SortBy
    STATE: ListAccessRequestsRequest.SortBy
    USER: ListAccessRequestsRequest.SortBy
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    DESCENDING_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    STARTKEY_FIELD_NUMBER: _ClassVar[int]
    Filter: AccessRequestFilter
    Sort: ListAccessRequestsRequest.SortBy
    Descending: bool
    Limit: int
    StartKey: str
    def __init__(self, Filter: _Optional[_Union[AccessRequestFilter, _Mapping]] = ..., Sort: _Optional[_Union[ListAccessRequestsRequest.SortBy, str]] = ..., Descending: _Optional[bool] = ..., Limit: _Optional[int] = ..., StartKey: _Optional[str] = ...) -> None: ...

class ListAccessRequestsResponse(_message.Message):
    __slots__ = ("AccessRequests", "NextKey")
    ACCESSREQUESTS_FIELD_NUMBER: _ClassVar[int]
    NEXTKEY_FIELD_NUMBER: _ClassVar[int]
    AccessRequests: _containers.RepeatedCompositeFieldContainer[AccessRequestV3]
    NextKey: str
    def __init__(self, AccessRequests: _Optional[_Iterable[_Union[AccessRequestV3, _Mapping]]] = ..., NextKey: _Optional[str] = ...) -> None: ...

class RequestStateSetter(_message.Message):
    __slots__ = ("ID", "State", "Delegator", "Reason", "Annotations", "Roles", "AssumeStartTime")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DELEGATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    ASSUMESTARTTIME_FIELD_NUMBER: _ClassVar[int]
    ID: str
    State: RequestState
    Delegator: str
    Reason: str
    Annotations: LabelValues
    Roles: _containers.RepeatedScalarFieldContainer[str]
    AssumeStartTime: _timestamp_pb2.Timestamp
    def __init__(self, ID: _Optional[str] = ..., State: _Optional[_Union[RequestState, str]] = ..., Delegator: _Optional[str] = ..., Reason: _Optional[str] = ..., Annotations: _Optional[_Union[LabelValues, _Mapping]] = ..., Roles: _Optional[_Iterable[str]] = ..., AssumeStartTime: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RequestID(_message.Message):
    __slots__ = ("ID",)
    ID_FIELD_NUMBER: _ClassVar[int]
    ID: str
    def __init__(self, ID: _Optional[str] = ...) -> None: ...

class LoginStatus(_message.Message):
    __slots__ = ("LockedTime", "LockExpires")
    LOCKEDTIME_FIELD_NUMBER: _ClassVar[int]
    LOCKEXPIRES_FIELD_NUMBER: _ClassVar[int]
    LockedTime: _timestamp_pb2.Timestamp
    LockExpires: _timestamp_pb2.Timestamp
    def __init__(self, LockedTime: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., LockExpires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UserRef(_message.Message):
    __slots__ = ("Name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    Name: str
    def __init__(self, Name: _Optional[str] = ...) -> None: ...

class Creation(_message.Message):
    __slots__ = ("Time", "User")
    TIME_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    Time: _timestamp_pb2.Timestamp
    User: UserRef
    def __init__(self, Time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., User: _Optional[_Union[UserRef, _Mapping]] = ...) -> None: ...

class UserSpecV2(_message.Message):
    __slots__ = ("Roles", "Traits", "Status", "Expires", "CreatedBy")
    ROLES_FIELD_NUMBER: _ClassVar[int]
    TRAITS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    CREATEDBY_FIELD_NUMBER: _ClassVar[int]
    Roles: _containers.RepeatedScalarFieldContainer[str]
    Traits: LabelValues
    Status: LoginStatus
    Expires: _timestamp_pb2.Timestamp
    CreatedBy: Creation
    def __init__(self, Roles: _Optional[_Iterable[str]] = ..., Traits: _Optional[_Union[LabelValues, _Mapping]] = ..., Status: _Optional[_Union[LoginStatus, _Mapping]] = ..., Expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., CreatedBy: _Optional[_Union[Creation, _Mapping]] = ...) -> None: ...

class UserStatusV2(_message.Message):
    __slots__ = ("password_state", "mfa_weakest_device")
    PASSWORD_STATE_FIELD_NUMBER: _ClassVar[int]
    MFA_WEAKEST_DEVICE_FIELD_NUMBER: _ClassVar[int]
    password_state: int
    mfa_weakest_device: int
    def __init__(self, password_state: _Optional[int] = ..., mfa_weakest_device: _Optional[int] = ...) -> None: ...

class UserV2(_message.Message):
    __slots__ = ("Kind", "SubKind", "Version", "Metadata", "Spec", "Status")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBKIND_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    Kind: str
    SubKind: str
    Version: str
    Metadata: ResourceMetadata
    Spec: UserSpecV2
    Status: UserStatusV2
    def __init__(self, Kind: _Optional[str] = ..., SubKind: _Optional[str] = ..., Version: _Optional[str] = ..., Metadata: _Optional[_Union[ResourceMetadata, _Mapping]] = ..., Spec: _Optional[_Union[UserSpecV2, _Mapping]] = ..., Status: _Optional[_Union[UserStatusV2, _Mapping]] = ...) -> None: ...

class GetUserRequest(_message.Message):
    __slots__ = ("name", "current_user", "with_secrets")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CURRENT_USER_FIELD_NUMBER: _ClassVar[int]
    WITH_SECRETS_FIELD_NUMBER: _ClassVar[int]
    name: str
    current_user: bool
    with_secrets: bool
    def __init__(self, name: _Optional[str] = ..., current_user: _Optional[bool] = ..., with_secrets: _Optional[bool] = ...) -> None: ...

class GetUserResponse(_message.Message):
    __slots__ = ("user",)
    USER_FIELD_NUMBER: _ClassVar[int]
    user: UserV2
    def __init__(self, user: _Optional[_Union[UserV2, _Mapping]] = ...) -> None: ...

class UserFilter(_message.Message):
    __slots__ = ("SearchKeywords",)
    SEARCHKEYWORDS_FIELD_NUMBER: _ClassVar[int]
    SearchKeywords: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, SearchKeywords: _Optional[_Iterable[str]] = ...) -> None: ...

class ListUsersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "with_secrets", "filter")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    WITH_SECRETS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    with_secrets: bool
    filter: UserFilter
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., with_secrets: _Optional[bool] = ..., filter: _Optional[_Union[UserFilter, _Mapping]] = ...) -> None: ...

class ListUsersResponse(_message.Message):
    __slots__ = ("users", "next_page_token")
    USERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    users: _containers.RepeatedCompositeFieldContainer[UserV2]
    next_page_token: str
    def __init__(self, users: _Optional[_Iterable[_Union[UserV2, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListResourcesRequest(_message.Message):
    __slots__ = ("ResourceType", "Namespace", "Limit", "StartKey", "PredicateExpression", "UseSearchAsRoles", "UsePreviewAsRoles")
    RESOURCETYPE_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    STARTKEY_FIELD_NUMBER: _ClassVar[int]
    PREDICATEEXPRESSION_FIELD_NUMBER: _ClassVar[int]
    USESEARCHASROLES_FIELD_NUMBER: _ClassVar[int]
    USEPREVIEWASROLES_FIELD_NUMBER: _ClassVar[int]
    ResourceType: str
    Namespace: str
    Limit: int
    StartKey: str
    PredicateExpression: str
    UseSearchAsRoles: bool
    UsePreviewAsRoles: bool
    def __init__(self, ResourceType: _Optional[str] = ..., Namespace: _Optional[str] = ..., Limit: _Optional[int] = ..., StartKey: _Optional[str] = ..., PredicateExpression: _Optional[str] = ..., UseSearchAsRoles: _Optional[bool] = ..., UsePreviewAsRoles: _Optional[bool] = ...) -> None: ...

class RotationSchedule(_message.Message):
    __slots__ = ("UpdateClients", "UpdateServers", "Standby")
    UPDATECLIENTS_FIELD_NUMBER: _ClassVar[int]
    UPDATESERVERS_FIELD_NUMBER: _ClassVar[int]
    STANDBY_FIELD_NUMBER: _ClassVar[int]
    UpdateClients: _timestamp_pb2.Timestamp
    UpdateServers: _timestamp_pb2.Timestamp
    Standby: _timestamp_pb2.Timestamp
    def __init__(self, UpdateClients: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., UpdateServers: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., Standby: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RotationState(_message.Message):
    __slots__ = ("Started", "LastRotated", "Schedule")
    STARTED_FIELD_NUMBER: _ClassVar[int]
    LASTROTATED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    Started: _timestamp_pb2.Timestamp
    LastRotated: _timestamp_pb2.Timestamp
    Schedule: RotationSchedule
    def __init__(self, Started: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., LastRotated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., Schedule: _Optional[_Union[RotationSchedule, _Mapping]] = ...) -> None: ...

class ServerSpecV2(_message.Message):
    __slots__ = ("Addr", "Hostname", "Rotation", "Version")
    ADDR_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    Addr: str
    Hostname: str
    Rotation: RotationState
    Version: str
    def __init__(self, Addr: _Optional[str] = ..., Hostname: _Optional[str] = ..., Rotation: _Optional[_Union[RotationState, _Mapping]] = ..., Version: _Optional[str] = ...) -> None: ...

class ServerV2(_message.Message):
    __slots__ = ("Kind", "Version", "Metadata", "Spec")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    Kind: str
    Version: str
    Metadata: ResourceMetadata
    Spec: ServerSpecV2
    def __init__(self, Kind: _Optional[str] = ..., Version: _Optional[str] = ..., Metadata: _Optional[_Union[ResourceMetadata, _Mapping]] = ..., Spec: _Optional[_Union[ServerSpecV2, _Mapping]] = ...) -> None: ...

class PaginatedResource(_message.Message):
    __slots__ = ("Node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    Node: ServerV2
    def __init__(self, Node: _Optional[_Union[ServerV2, _Mapping]] = ...) -> None: ...

class ListResourcesResponse(_message.Message):
    __slots__ = ("Resources", "NextKey")
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    NEXTKEY_FIELD_NUMBER: _ClassVar[int]
    Resources: _containers.RepeatedCompositeFieldContainer[PaginatedResource]
    NextKey: str
    def __init__(self, Resources: _Optional[_Iterable[_Union[PaginatedResource, _Mapping]]] = ..., NextKey: _Optional[str] = ...) -> None: ...

class Certs(_message.Message):
    __slots__ = ("SSH", "TLS", "TLSCACerts", "SSHCACerts")
    SSH_FIELD_NUMBER: _ClassVar[int]
    TLS_FIELD_NUMBER: _ClassVar[int]
    TLSCACERTS_FIELD_NUMBER: _ClassVar[int]
    SSHCACERTS_FIELD_NUMBER: _ClassVar[int]
    SSH: bytes
    TLS: bytes
    TLSCACerts: _containers.RepeatedScalarFieldContainer[bytes]
    SSHCACerts: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, SSH: _Optional[bytes] = ..., TLS: _Optional[bytes] = ..., TLSCACerts: _Optional[_Iterable[bytes]] = ..., SSHCACerts: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RegisterUsingTokenRequest(_message.Message):
    __slots__ = ("HostID", "NodeName", "Role", "Token", "PublicTLSKey", "PublicSSHKey", "Expires")
    HOSTID_FIELD_NUMBER: _ClassVar[int]
    NODENAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    PUBLICTLSKEY_FIELD_NUMBER: _ClassVar[int]
    PUBLICSSHKEY_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    HostID: str
    NodeName: str
    Role: str
    Token: str
    PublicTLSKey: bytes
    PublicSSHKey: bytes
    Expires: _timestamp_pb2.Timestamp
    def __init__(self, HostID: _Optional[str] = ..., NodeName: _Optional[str] = ..., Role: _Optional[str] = ..., Token: _Optional[str] = ..., PublicTLSKey: _Optional[bytes] = ..., PublicSSHKey: _Optional[bytes] = ..., Expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RegisterUsingIAMMethodRequest(_message.Message):
    __slots__ = ("register_using_token_request", "sts_identity_request")
    REGISTER_USING_TOKEN_REQUEST_FIELD_NUMBER: _ClassVar[int]
    STS_IDENTITY_REQUEST_FIELD_NUMBER: _ClassVar[int]
    register_using_token_request: RegisterUsingTokenRequest
    sts_identity_request: bytes
    def __init__(self, register_using_token_request: _Optional[_Union[RegisterUsingTokenRequest, _Mapping]] = ..., sts_identity_request: _Optional[bytes] = ...) -> None: ...

class RegisterUsingIAMMethodResponse(_message.Message):
    __slots__ = ("challenge", "certs")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    CERTS_FIELD_NUMBER: _ClassVar[int]
    challenge: str
    certs: Certs
    def __init__(self, challenge: _Optional[str] = ..., certs: _Optional[_Union[Certs, _Mapping]] = ...) -> None: ...

class UserCertsRequest(_message.Message):
    __slots__ = ("Username", "Expires", "RouteToCluster", "RoleRequests", "UseRoleRequests", "SSHPublicKey", "TLSPublicKey")
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    ROUTETOCLUSTER_FIELD_NUMBER: _ClassVar[int]
    ROLEREQUESTS_FIELD_NUMBER: _ClassVar[int]
    USEROLEREQUESTS_FIELD_NUMBER: _ClassVar[int]
    SSHPUBLICKEY_FIELD_NUMBER: _ClassVar[int]
    TLSPUBLICKEY_FIELD_NUMBER: _ClassVar[int]
    Username: str
    Expires: _timestamp_pb2.Timestamp
    RouteToCluster: str
    RoleRequests: _containers.RepeatedScalarFieldContainer[str]
    UseRoleRequests: bool
    SSHPublicKey: bytes
    TLSPublicKey: bytes
    def __init__(self, Username: _Optional[str] = ..., Expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., RouteToCluster: _Optional[str] = ..., RoleRequests: _Optional[_Iterable[str]] = ..., UseRoleRequests: _Optional[bool] = ..., SSHPublicKey: _Optional[bytes] = ..., TLSPublicKey: _Optional[bytes] = ...) -> None: ...
