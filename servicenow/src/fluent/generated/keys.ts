import '@servicenow/sdk/global'

declare global {
    namespace Now {
        namespace Internal {
            interface Keys extends KeysRegistry {
                explicit: {
                    approve_access: {
                        table: 'sys_ui_action'
                        id: '8064ab5459f14f6d834c8f8b10ef9ff3'
                    }
                    bom_json: {
                        table: 'sys_module'
                        id: 'f93a60190a9a4b988460b7a54a62f8fb'
                    }
                    bridge_callback: {
                        table: 'sys_script_include'
                        id: '3611fad9187341b29fb90a052e3a2a26'
                    }
                    bridge_cluster: {
                        table: 'sys_script_include'
                        id: 'd149115db4b54ae8990ffad9bdc8afb1'
                    }
                    bridge_decision: {
                        table: 'sys_script_include'
                        id: 'f786412e2eb74a648daba9f1d9173153'
                    }
                    callback: {
                        table: 'sys_rest_message'
                        id: '2f92072c5c814d299700432ed20d0364'
                    }
                    callback_decision_type: {
                        table: 'sys_rest_message_fn_headers'
                        id: '2e78ca2aa51e478f96d51aca84259912'
                    }
                    callback_key: {
                        table: 'sys_alias'
                        id: '17fe0c53c047468a93fdd034c2d0e845'
                    }
                    callback_test_type: {
                        table: 'sys_rest_message_fn_headers'
                        id: 'b833e194ecee4a2bacfe21fd787da1f9'
                    }
                    cluster_create: {
                        table: 'sys_security_acl'
                        id: '017265dad69b477db551695713bb4f40'
                    }
                    cluster_delete: {
                        table: 'sys_security_acl'
                        id: 'a140858cb0364aff99b058ca02e41d6e'
                    }
                    cluster_read: {
                        table: 'sys_security_acl'
                        id: '92a0aa6d8cdf41d786092a2f548d7a5b'
                    }
                    cluster_write: {
                        table: 'sys_security_acl'
                        id: '8aa90607ddc044908c4c2db6e69ac184'
                    }
                    decision_create: {
                        table: 'sys_security_acl'
                        id: '67a4255b674a45f28d1fdcc3dc31f463'
                    }
                    decision_create_any: {
                        table: 'sys_security_acl'
                        id: '5c25ed8bb9d640baa965324be524c69d'
                    }
                    decision_create_decision: {
                        table: 'sys_security_acl'
                        id: 'e20515995bf248c3b227ae27c0dbf9f4'
                    }
                    decision_create_reason: {
                        table: 'sys_security_acl'
                        id: '2e89c8e70b744d178e1cfa21fea81fbc'
                    }
                    decision_create_ticket: {
                        table: 'sys_security_acl'
                        id: '0e0757900efb4126a7792d37bdba133e'
                    }
                    decision_delete: {
                        table: 'sys_security_acl'
                        id: 'd2ca323c325b44408abb1f948f633f56'
                    }
                    decision_read: {
                        table: 'sys_security_acl'
                        id: 'abf8fe3c24414f55a4f44605049a492a'
                    }
                    decision_read_any: {
                        table: 'sys_security_acl'
                        id: 'ee99fe7113ac407085ff459f9e43d334'
                    }
                    decision_write: {
                        table: 'sys_security_acl'
                        id: 'bf0d332357a646d9832c4d6c4332c469'
                    }
                    decision_write_any: {
                        table: 'sys_security_acl'
                        id: '2c3608230b7e43d89d8567e2e429bf95'
                    }
                    decision_write_outcome: {
                        table: 'sys_security_acl'
                        id: 'dcadf9f8ee1f472b9efd7bddc85acb37'
                    }
                    decision_write_outcome_detail: {
                        table: 'sys_security_acl'
                        id: 'c61204c29f494c1aa1a6ff7d981049f1'
                    }
                    deny_access: {
                        table: 'sys_ui_action'
                        id: '83f7aedaa2cd42a68992da62d7d48d79'
                    }
                    deny_access_workspace: {
                        table: 'sys_ui_action'
                        id: 'd39295281f2f40b9b6f1157fbf111c1a'
                    }
                    fill_decision: {
                        table: 'sys_script'
                        id: 'c5a08d2de9fb46dfa8fa5100ade145c7'
                    }
                    name_instance: {
                        table: 'sys_script'
                        id: '7b4f724b2ee141f290fab195ad7a3ac0'
                    }
                    package_json: {
                        table: 'sys_module'
                        id: 'a9cda9fd8a5547a78437d4de7df490af'
                    }
                    read_approval: {
                        table: 'sys_scope_privilege'
                        id: 'e7d406681d0b46e88d40be50229dac78'
                    }
                    read_incident: {
                        table: 'sys_scope_privilege'
                        id: '8582c13f3bd945f8a34d24baa41f9585'
                    }
                    read_task: {
                        table: 'sys_scope_privilege'
                        id: 'c1d1ca69195245d48b2d1582102b9f25'
                    }
                    read_user: {
                        table: 'sys_scope_privilege'
                        id: 'eb69c4f45f3e446485d29fe407a7e70e'
                    }
                    record_vote: {
                        table: 'sys_script'
                        id: '83d9e52cda774ee390d04e16355968d1'
                    }
                    send_decision: {
                        table: 'sys_script'
                        id: '72db6e38fc824eab983948dcc8db9148'
                    }
                    sign: {
                        table: 'sys_scope_privilege'
                        id: '4018b935f15a482caf85fe85500089d6'
                    }
                    test_callback: {
                        table: 'sys_ui_action'
                        id: '578e9fd2a5d74d5c8d019244176ec97e'
                    }
                }
                composite: [
                    {
                        table: 'sys_documentation'
                        id: '006a51b191ed4f11b251b890b6617ed8'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'approval'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '045d7dd78ca94822a761bbc738230e91'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'request_id'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '04bda65adf4943e9a7fb71317f3f0e7e'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'callback_url'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '0a7cc5a7c5054841b534425507d0fbd6'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'NULL'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '0be0c62c2fbf400183e3cfea074d616d'
                        key: {
                            sys_security_acl: '017265dad69b477db551695713bb4f40'
                            sys_user_role: {
                                id: '5f1241c1d96c4a1487b6b1b0e553c08a'
                                key: {
                                    name: 'admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_choice_set'
                        id: '0faeb317f12d4ca7ab87843a6edc255b'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'decision'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '1029890c0dd140bfa421935d3aa2fa8a'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'name'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '1283f07334c046bb957c605d7919cd12'
                        key: {
                            sys_security_acl: '5c25ed8bb9d640baa965324be524c69d'
                            sys_user_role: {
                                id: '0056700f043a491ab65b8e6e86690ecd'
                                key: {
                                    name: 'nobody'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '1304bf5e8aa74ad2b5ba3424fdca0736'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'decision'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '190f1ad159c14e65ae0d404a68fadbf9'
                        key: {
                            sys_security_acl: 'd2ca323c325b44408abb1f948f633f56'
                            sys_user_role: {
                                id: '0056700f043a491ab65b8e6e86690ecd'
                                key: {
                                    name: 'nobody'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '1c0e4c351e5d498aac3af8326d8250bb'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'ticket_table'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '1fb6bcf35a184af1b159b661eb69939d'
                        key: {
                            sys_security_acl: 'ee99fe7113ac407085ff459f9e43d334'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '26ad1db54b5b4cb4a9e7e53617d1531c'
                        key: {
                            sys_security_acl: 'dcadf9f8ee1f472b9efd7bddc85acb37'
                            sys_user_role: {
                                id: '755cb42c0c8c490ca0a43e135b35432f'
                                key: {
                                    name: 'x_acbr_bridge.tickets'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '2a7aec96d5af4f90ad57b60e0016445b'
                        key: {
                            sys_security_acl: 'abf8fe3c24414f55a4f44605049a492a'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '2dcd64d650744381b549099c0e820f2b'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'request_id'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: '2de132e12d454b3aa16ea4747c1ab068'
                        key: {
                            rest_message: '2f92072c5c814d299700432ed20d0364'
                            function_name: 'test'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '2f9b562936c04c7884d33ecff95762ce'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'key_alias'
                        }
                    },
                    {
                        table: 'ua_table_licensing_config'
                        id: '3179008266f14158974789d834c5e5aa'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '36b51ffe21f8488a888b5c832f122fe4'
                        key: {
                            sys_security_acl: '67a4255b674a45f28d1fdcc3dc31f463'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '37b69a93d5954822ad49d7c35b210e91'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'ticket'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '3fdb93b725a84e4da7002f27c284111c'
                        key: {
                            sys_security_acl: 'c61204c29f494c1aa1a6ff7d981049f1'
                            sys_user_role: {
                                id: '755cb42c0c8c490ca0a43e135b35432f'
                                key: {
                                    name: 'x_acbr_bridge.tickets'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '41b45f573cb4474eac1b1b92d795e04b'
                        key: {
                            sys_security_acl: '8aa90607ddc044908c4c2db6e69ac184'
                            sys_user_role: {
                                id: '5f1241c1d96c4a1487b6b1b0e553c08a'
                                key: {
                                    name: 'admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '42b136aefe8548f4859fe7af46d49da2'
                        key: {
                            sys_security_acl: 'abf8fe3c24414f55a4f44605049a492a'
                            sys_user_role: {
                                id: '755cb42c0c8c490ca0a43e135b35432f'
                                key: {
                                    name: 'x_acbr_bridge.tickets'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_ui_action_role'
                        id: '44ca58424c914fc2832df0478765c809'
                        key: {
                            sys_ui_action: '8064ab5459f14f6d834c8f8b10ef9ff3'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '482edaca3c3246ccaecb61a0d604f81b'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'instance_name'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_user_role'
                        id: '48ab3d911efc4c76bd301f41b8326748'
                        key: {
                            name: 'x_acbr_bridge.decisions'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '4c25ed5869814756b5afb54ecd20b11d'
                        key: {
                            sys_security_acl: '92a0aa6d8cdf41d786092a2f548d7a5b'
                            sys_user_role: {
                                id: '5f1241c1d96c4a1487b6b1b0e553c08a'
                                key: {
                                    name: 'admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '5316e30cb4fd4d84bf1250b7f70f9109'
                        key: {
                            sys_security_acl: 'a140858cb0364aff99b058ca02e41d6e'
                            sys_user_role: {
                                id: '5f1241c1d96c4a1487b6b1b0e553c08a'
                                key: {
                                    name: 'admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '554518563d6a4a3898a32b89cafd9a66'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'cluster'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '57245a550c394957bcf0c749e19ec7ae'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'reason'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '59db67307458465eb2965cbd1ae796cf'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'outcome'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '5c712105b037412e97f9a3a0c759c624'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'key_alias'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '61a58432610a4c5ea696095abd619d02'
                        key: {
                            sys_security_acl: '2c3608230b7e43d89d8567e2e429bf95'
                            sys_user_role: {
                                id: '0056700f043a491ab65b8e6e86690ecd'
                                key: {
                                    name: 'nobody'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_choice'
                        id: '6931f43e95404b3cb6b5ac437b0f4c95'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'decision'
                            value: 'approved'
                            language: 'en'
                            dependent_value: 'NULL'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '69cbfefbd727492fb8eddae68283d5fa'
                        key: {
                            sys_security_acl: 'bf0d332357a646d9832c4d6c4332c469'
                            sys_user_role: {
                                id: '755cb42c0c8c490ca0a43e135b35432f'
                                key: {
                                    name: 'x_acbr_bridge.tickets'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: '71cd19053d524d50a3d0f119acc1144f'
                        key: {
                            sys_security_acl: '2e89c8e70b744d178e1cfa21fea81fbc'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '723dfafdb2dc4eba91fe87da7be61f94'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'decided_by'
                        }
                    },
                    {
                        table: 'sys_user_role'
                        id: '755cb42c0c8c490ca0a43e135b35432f'
                        key: {
                            name: 'x_acbr_bridge.tickets'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '7c62e3b2342c4c368762b830c1a02b13'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'outcome_detail'
                        }
                    },
                    {
                        table: 'sys_ui_action_role'
                        id: '840bc4ff1cc54cbf93f21f003c6489a0'
                        key: {
                            sys_ui_action: '578e9fd2a5d74d5c8d019244176ec97e'
                            sys_user_role: {
                                id: '5f1241c1d96c4a1487b6b1b0e553c08a'
                                key: {
                                    name: 'admin'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '866ffec6dddb41289c8980b2b993ad59'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'NULL'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '86e7ebb1c51b4bb586e1301883c76fb4'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'callback_url'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: '8afd20e8d9764bfea31c6fb1f125b68a'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'delivery'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_rest_message_fn'
                        id: '90a8ed4383b1492886d428be909f6f79'
                        key: {
                            rest_message: '2f92072c5c814d299700432ed20d0364'
                            function_name: 'decision'
                        }
                    },
                    {
                        table: 'sys_db_object'
                        id: '94069e0106d44928b9f2fcc62c37fc4a'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: '97a424224eb14affb9df4613773d0a77'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'instance_name'
                        }
                    },
                    {
                        table: 'sys_choice'
                        id: '9fbc60bd24f54101a31530527ba6399d'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'decision'
                            value: 'rejected'
                            language: 'en'
                            dependent_value: 'NULL'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'a7fc8654609c49eebda4d8102e837ea6'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'outcome'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'aec39f2d3b5d48bfa541fbcaddac4f63'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'ticket'
                        }
                    },
                    {
                        table: 'sys_user_role'
                        id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                        key: {
                            name: 'x_acbr_bridge.approver'
                        }
                    },
                    {
                        table: 'sys_ui_action_role'
                        id: 'b44d21719084484aa22ea6a79cfb3785'
                        key: {
                            sys_ui_action: 'd39295281f2f40b9b6f1157fbf111c1a'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'b45854652848405d9093355e258d80e2'
                        key: {
                            sys_security_acl: 'e20515995bf248c3b227ae27c0dbf9f4'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'c07b9398e17c46729706c6ba7c2d680f'
                        key: {
                            sys_security_acl: 'ee99fe7113ac407085ff459f9e43d334'
                            sys_user_role: {
                                id: '755cb42c0c8c490ca0a43e135b35432f'
                                key: {
                                    name: 'x_acbr_bridge.tickets'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'c1205333a319472a9c4260f984fbd5a3'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'ticket_table'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'c908cec08a514c0987c913c3baad3360'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'decided_by'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'd73e142d4698489dabf764006638da3e'
                        key: {
                            sys_security_acl: 'abf8fe3c24414f55a4f44605049a492a'
                            sys_user_role: {
                                id: '48ab3d911efc4c76bd301f41b8326748'
                                key: {
                                    name: 'x_acbr_bridge.decisions'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'dca246d82c52481a92bf5a11408becb9'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'decision'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'dd55f0befe5543bdad8af606c988f56d'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'outcome_detail'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'e3963d0b4a9449218f4d5605793bd865'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'delivery'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'e410fc131316421c8cbc8fb6d534c655'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'approval'
                        }
                    },
                    {
                        table: 'sys_db_object'
                        id: 'ee36fd40bf914e58a2b8642ba6f25aff'
                        key: {
                            name: 'x_acbr_bridge_decision'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'ee9d2e435ecc4a0dbd01c4d371e31f3e'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'reason'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_ui_action_role'
                        id: 'f0b70db4c33a41b08bc28478c0e9ca28'
                        key: {
                            sys_ui_action: '83f7aedaa2cd42a68992da62d7d48d79'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'f1753d7b96fe4330a0254cfb11cff271'
                        key: {
                            sys_security_acl: '0e0757900efb4126a7792d37bdba133e'
                            sys_user_role: {
                                id: 'b20dc6f4be7d4c6b8b424ebe1b9510cf'
                                key: {
                                    name: 'x_acbr_bridge.approver'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_security_acl_role'
                        id: 'f4860914fbde41e6b5f1961e68fff5e7'
                        key: {
                            sys_security_acl: 'ee99fe7113ac407085ff459f9e43d334'
                            sys_user_role: {
                                id: '48ab3d911efc4c76bd301f41b8326748'
                                key: {
                                    name: 'x_acbr_bridge.decisions'
                                }
                            }
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'f61d5f16ae2a4b709ef25640e4d6b432'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'cluster'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'f6a34e791d944ac09848acd639e5a718'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'name'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_dictionary'
                        id: 'f6bbd072e27648fc9d7c323c0c1f4708'
                        key: {
                            name: 'x_acbr_bridge_decision'
                            element: 'NULL'
                        }
                    },
                    {
                        table: 'ua_table_licensing_config'
                        id: 'fb2a0670af874c5da1eb309d44961120'
                        key: {
                            name: 'x_acbr_bridge_decision'
                        }
                    },
                    {
                        table: 'sys_documentation'
                        id: 'fcc25bb1e57642029b80a81d35bad241'
                        key: {
                            name: 'x_acbr_bridge_cluster'
                            element: 'NULL'
                            language: 'en'
                        }
                    },
                    {
                        table: 'sys_index'
                        id: 'fedb298228be4592ab94ecfe5d81bb8e'
                        key: {
                            logical_table_name: 'x_acbr_bridge_decision'
                            col_name_string: 'ticket'
                        }
                    },
                ]
            }
        }
    }
}
