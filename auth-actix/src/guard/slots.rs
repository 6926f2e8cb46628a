//! The arguments that the checks of a rule name.

use std::future::Future;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};

/// The arguments that the checks of a rule name, each in a slot that is filled when a check that names it runs. Nothing is
/// extracted for a check that the decision does not need.
pub trait Slots: 'static {
    /// The arguments.
    type Arguments: 'static;

    /// Returns empty slots.
    fn empty() -> Self;

    /// Extracts the arguments that no check has needed.
    fn complete(
        self,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> impl Future<Output = Result<Self::Arguments, Error>>;
}

macro_rules! slots {
    ($($name:ident)*) => {
        impl<$($name: FromRequest + 'static),*> Slots for ($(Option<$name>,)*) {
            type Arguments = ($($name,)*);

            #[allow(clippy::unused_unit, reason = "of no argument at all")]
            fn empty() -> Self {
                ($(None::<$name>,)*)
            }

            #[allow(non_snake_case, unused_variables, clippy::unused_unit, reason = "one name for a type and its value")]
            async fn complete(self, request: &HttpRequest, payload: &mut Payload) -> Result<($($name,)*), Error> {
                let ($($name,)*) = self;
                Ok(($(
                    match $name {
                        Some(argument) => argument,
                        None => $name::from_request(request, payload).await.map_err(Into::into)?,
                    },
                )*))
            }
        }
    };
}

slots!();
slots!(A);
slots!(A B);
slots!(A B C);
slots!(A B C D);
slots!(A B C D E);
slots!(A B C D E F);
slots!(A B C D E F G);
slots!(A B C D E F G H);
slots!(A B C D E F G H I);
slots!(A B C D E F G H I J);
slots!(A B C D E F G H I J K);
slots!(A B C D E F G H I J K L);
slots!(A B C D E F G H I J K L M);
slots!(A B C D E F G H I J K L M N);
slots!(A B C D E F G H I J K L M N O);
slots!(A B C D E F G H I J K L M N O P);

/// Extracts an argument that a check names, unless an earlier check has done so.
///
/// # Errors
/// The argument cannot be extracted.
pub async fn fill<T: FromRequest>(
    slot: &mut Option<T>,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<(), Error> {
    if slot.is_none() {
        *slot = Some(T::from_request(request, payload).await.map_err(Into::into)?);
    }
    Ok(())
}
