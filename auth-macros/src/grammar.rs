//! The words of the rule language: attributes and atoms, the shape of their arguments, examples.

/// A guard attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Public,
    RequireAuth,
    RequireRole,
    RequirePermission,
    RequireScope,
    RequireClaim,
    RequireNetwork,
    DenyNetwork,
    RequireCountry,
    DenyCountry,
    Require,
}

/// The kind of arguments that an attribute reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// No arguments.
    Nothing,
    /// Keys and flags, each of which is the atom of that name.
    Keys,
    /// Names of a vocabulary.
    Names(Kind),
    /// The arguments of one atom, or of its negation.
    Atom { word: &'static str, negated: bool },
    /// A formula.
    Formula,
}

/// A row of the table of attributes.
struct AttributeRow {
    word: &'static str,
    reading: Reading,
    /// A description of the accepted arguments, for diagnostics.
    expected: &'static str,
}

/// The kind of the names of a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Role,
    Permission,
    Scope,
    Credential,
}

/// The shape of the arguments of an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No arguments: `direct`.
    NoArguments(Word),
    /// No arguments, or a tenant: `authenticated`.
    Tenant,
    /// A name of a vocabulary.
    Name(Kind),
    /// The name and the value of a claim.
    Claim,
    /// One or more networks.
    Networks,
    /// One or more countries.
    Countries,
    /// A length of time.
    Duration,
    /// A text that is compared exactly.
    Text(&'static TextShape),
    /// The name of a scheme, which the compiler looks up like that of a role.
    Scheme,
    /// An expression of the application.
    Expression,
    /// The types of an object and of an action on it.
    Object,
}

/// An atom without arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Direct,
    Login,
}

/// The shape of an atom whose only argument is a text, such as `acr("urn:example:mfa")`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TextShape {
    /// A description of the text for diagnostics, with its article and without.
    pub(crate) what: (&'static str, &'static str),
    pub(crate) example: &'static str,
    /// The variant in generated code, and the type that it contains.
    pub(crate) variant: &'static str,
    /// The sentence about two of them at once, if a credential has only one.
    pub(crate) exclusive: Option<&'static str>,
}

/// A row of the table of atoms.
pub(crate) struct Atom {
    pub(crate) word: &'static str,
    pub(crate) shape: Shape,
    /// Whether the atom may be negated. Atoms whose absence a caller can fake, by presenting less, may not.
    pub(crate) negatable: bool,
    pub(crate) example: &'static str,
}

/// The table of atoms.
#[rustfmt::skip] // a table is read by column
pub(crate) const ATOMS: [Atom; 15] = [
    Atom { word: "authenticated", shape: Shape::Tenant,                 negatable: false, example: "authenticated" },
    Atom { word: "role",          shape: Shape::Name(Kind::Role),       negatable: true,  example: r#"role("admin")"# },
    Atom { word: "permission",    shape: Shape::Name(Kind::Permission), negatable: false, example: r#"permission("posts:write")"# },
    Atom { word: "scope",         shape: Shape::Name(Kind::Scope),      negatable: false, example: r#"scope("read:reports")"# },
    Atom { word: "claim",         shape: Shape::Claim,                  negatable: true,  example: r#"claim("org", "acme")"# },
    Atom { word: "max_age",       shape: Shape::Duration,               negatable: false, example: r#"max_age("5m")"# },
    Atom { word: "acr",           shape: Shape::Text(&ACR),             negatable: false, example: r#"acr("urn:example:mfa")"# },
    Atom { word: "scheme",        shape: Shape::Scheme,                 negatable: false, example: r#"scheme("bearer")"# },
    Atom { word: "credential",    shape: Shape::Name(Kind::Credential), negatable: false, example: r#"credential("merchant-key")"# },
    Atom { word: "direct",        shape: Shape::NoArguments(Word::Direct), negatable: false, example: "direct" },
    Atom { word: "login",         shape: Shape::NoArguments(Word::Login),  negatable: false, example: "login" },
    Atom { word: "network",       shape: Shape::Networks,               negatable: true,  example: r#"network("10.0.0.0/8")"# },
    Atom { word: "country",       shape: Shape::Countries,              negatable: true,  example: r#"country("DE", "FR")"# },
    Atom { word: "authorized",    shape: Shape::Object,                 negatable: false, example: "authorized(Post, Edit)" },
    Atom { word: "check",         shape: Shape::Expression,             negatable: true,  example: "check(post.author == principal.id())" },
];

const ACR: TextShape = TextShape {
    what: ("an assurance level", "assurance level"),
    example: "urn:example:mfa",
    variant: "Acr",
    exclusive: Some("a login is at one level"),
};

/// The keys of `#[require_auth(…)]`. Each is the atom of its name.
pub(crate) const REQUIRE_AUTH_KEYS: [&str; 3] = ["max_age", "acr", "scheme"];

/// The words of `#[require_auth(…)]` without a value. Each is the atom of its name.
pub(crate) const REQUIRE_AUTH_FLAGS: [&str; 1] = ["direct"];

/// Units of time, in seconds.
pub(crate) const TIME_UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

/// The case styles of `rename_all`.
pub(crate) const CASE_STYLES: [&str; 6] =
    ["kebab-case", "snake_case", "SCREAMING_SNAKE_CASE", "camelCase", "PascalCase", "lowercase"];

impl Attribute {
    pub(crate) const ALL: [Self; 11] = [
        Self::Public,
        Self::RequireAuth,
        Self::RequireRole,
        Self::RequirePermission,
        Self::RequireScope,
        Self::RequireClaim,
        Self::RequireNetwork,
        Self::DenyNetwork,
        Self::RequireCountry,
        Self::DenyCountry,
        Self::Require,
    ];

    /// Returns the row of this attribute in the table of attributes.
    #[rustfmt::skip] // a table is read by column
    const fn row(self) -> AttributeRow {
        let (word, reading, expected) = match self {
            Self::Public =>            ("public",             Reading::Nothing,                                   "a rule"),
            Self::RequireAuth =>       ("require_auth",       Reading::Keys,                                      "a rule"),
            Self::RequireRole =>       ("require_role",       Reading::Names(Kind::Role),                         "a role"),
            Self::RequirePermission => ("require_permission", Reading::Names(Kind::Permission),                   "a permission"),
            Self::RequireScope =>      ("require_scope",      Reading::Names(Kind::Scope),                        "a scope"),
            Self::RequireClaim =>      ("require_claim",      Reading::Atom { word: "claim", negated: false },    "the name and the value of a claim"),
            Self::RequireNetwork =>    ("require_network",    Reading::Atom { word: "network", negated: false },  "a network"),
            Self::DenyNetwork =>       ("deny_network",       Reading::Atom { word: "network", negated: true },   "a network"),
            Self::RequireCountry =>    ("require_country",    Reading::Atom { word: "country", negated: false },  "a country"),
            Self::DenyCountry =>       ("deny_country",       Reading::Atom { word: "country", negated: true },   "a country"),
            Self::Require =>           ("require",            Reading::Formula,                                   "a rule"),
        };
        AttributeRow { word, reading, expected }
    }

    pub(crate) const fn word(self) -> &'static str {
        self.row().word
    }

    pub(crate) const fn reading(self) -> Reading {
        self.row().reading
    }

    pub(crate) const fn expected(self) -> &'static str {
        self.row().expected
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.word() == word)
    }
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Role, Self::Permission, Self::Scope, Self::Credential];

    /// The maximum number of kinds of credentials in a vocabulary.
    pub(crate) const MAX_CREDENTIALS: usize = 8;

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Permission => "permission",
            Self::Scope => "scope",
            Self::Credential => "credential",
        }
    }

    /// Returns the variant of this kind in generated code.
    pub(crate) const fn variant(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::Permission => "Permission",
            Self::Scope => "Scope",
            Self::Credential => "Credential",
        }
    }

    /// Returns the name of the type that declares the names, if the rule does not name the type. Also the name of the derive.
    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::Permission => "Permission",
            Self::Scope => "TokenScope",
            Self::Credential => "Credential",
        }
    }

    /// Returns the helper attribute of the derive.
    pub(crate) const fn helper(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Permission => "permission",
            Self::Scope => "token_scope",
            Self::Credential => "credential",
        }
    }

    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::Role => "admin",
            Self::Permission => "posts:write",
            Self::Scope => "read:reports",
            Self::Credential => "merchant-key",
        }
    }
}

/// Returns the row of a word.
pub(crate) fn atom(word: &str) -> Option<&'static Atom> {
    ATOMS.iter().find(|atom| atom.word == word)
}
