const _: () = {
    let _ = Permission::PostsWrite;
    let _ = Permission::PostsWrite;
};
impl ::auth_actix::__private::Declares for Role {
    const VOCABULARY: &'static ::auth_actix::__private::Vocabulary = {
        static VOCABULARY: ::auth_actix::__private::Vocabulary = ::auth_actix::__private::Vocabulary {
            kind: ::auth_actix::__private::NameKind::Role,
            declared_in: "Role",
            module: ::core::module_path!(),
            open: false,
            names: &["admin", "content-editor"],
            variants: &["Admin", "Editor"],
            name_index: ::auth_actix::__private::NameIndex::few(
                &[("admin", 0u16), ("content-editor", 1u16), ("root", 0u16)],
            ),
            closure: &[&[3u64], &[2u64]],
            grants: &[
                &[
                    ::auth_actix::__private::permissions::<Permission>()
                        .variant("PostsWrite"),
                ],
                &[
                    ::auth_actix::__private::permissions::<Permission>()
                        .variant("PostsWrite"),
                ],
            ],
        };
        &VOCABULARY
    };
    fn index(&self) -> ::core::primitive::u16 {
        match self {
            Self::Admin => 0u16,
            Self::Editor => 1u16,
        }
    }
    fn as_str(&self) -> &::core::primitive::str {
        self.name()
    }
}
impl ::auth_actix::__private::RoleSet for Role {}
impl Role {
    /**The roles by name.

| name | also accepted from tokens | implies | grants |
| --- | --- | --- | --- |
| `admin` | `root` | `content-editor` | `PostsWrite` |
| `content-editor` |  |  | `PostsWrite` |
*/
    pub const NAMES: &'static [&'static ::core::primitive::str] = &[
        "admin",
        "content-editor",
    ];
    /// Returns the name in tokens and rules.
    pub const fn name(&self) -> &'static ::core::primitive::str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "content-editor",
        }
    }
}
impl ::core::convert::AsRef<::core::primitive::str> for Role {
    fn as_ref(&self) -> &::core::primitive::str {
        self.name()
    }
}
impl ::core::fmt::Display for Role {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        __formatter.write_str(self.name())
    }
}
impl ::core::str::FromStr for Role {
    type Err = ::auth_actix::__private::UnknownName;
    fn from_str(
        __text: &::core::primitive::str,
    ) -> ::core::result::Result<Self, ::auth_actix::__private::UnknownName> {
        match <Self as ::auth_actix::__private::Declares>::VOCABULARY.index_of(__text) {
            ::core::option::Option::Some(0u16) => ::core::result::Result::Ok(Self::Admin),
            ::core::option::Option::Some(1u16) => {
                ::core::result::Result::Ok(Self::Editor)
            }
            _ => {
                ::core::result::Result::Err(
                    ::auth_actix::__private::UnknownName::new(
                        ::auth_actix::__private::NameKind::Role,
                    ),
                )
            }
        }
    }
}
impl ::auth_actix::__private::serde::Serialize for Role {
    fn serialize<S: ::auth_actix::__private::serde::Serializer>(
        &self,
        __serializer: S,
    ) -> ::core::result::Result<S::Ok, S::Error> {
        __serializer.serialize_str(self.name())
    }
}
impl<'de> ::auth_actix::__private::serde::Deserialize<'de> for Role {
    fn deserialize<D: ::auth_actix::__private::serde::Deserializer<'de>>(
        __deserializer: D,
    ) -> ::core::result::Result<Self, D::Error> {
        let __text = <::std::string::String as ::auth_actix::__private::serde::Deserialize>::deserialize(
            __deserializer,
        )?;
        __text.parse().map_err(::auth_actix::__private::serde::de::Error::custom)
    }
}
