//! The restriction of a list to tenants (LIST-7).

use super::leaf::{Leaf, Test};
use super::{Columns, Condition, TableColumn};
use crate::identity::principal::Principal;
use crate::identity::tenant::Tenant;
use crate::identity::vocabulary::same;

/// The column of a dimension.
fn column<R: Columns>(name: &str) -> Option<TableColumn<R>> {
    R::TENANT_COLUMNS.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
}

/// Returns the first of these dimensions that has no column.
#[doc(hidden)]
pub const fn lacked_column<R: Columns>(mut dimensions: &[&'static str]) -> Option<&'static str> {
    while let [name, others @ ..] = dimensions {
        let (mut is_mapped, mut columns) = (false, R::TENANT_COLUMNS);
        while let [(known, _), others @ ..] = columns {
            is_mapped |= same(known, name);
            columns = others;
        }
        if !is_mapped {
            return Some(name);
        }
        dimensions = others;
    }
    None
}

/// Returns the condition that a dimension has this value. A dimension without a column has no value, and a text that is not the text form
/// of a value of the column is equal to none.
fn has_value<R: Columns>(name: &str, value: &str) -> Condition<R> {
    let Some(column) = column::<R>(name) else { return Condition::none() };
    let test = Test::In((column.parse)(value).into_iter().collect());
    Condition::leaf(Leaf { column, test })
}

/// Returns the condition that a row has no tenant.
#[doc(hidden)]
pub fn without_tenant<R: Columns>() -> Condition<R> {
    let columns = R::TENANT_COLUMNS.iter().map(|(_, column)| Leaf { column: *column, test: Test::IsNull });
    columns.fold(Condition::all("the rows have no tenant"), |all, leaf| all & Condition::leaf(leaf))
}

/// Returns the condition that a row exists for a caller: it belongs to the tenant that was decided on, and does not contradict what the
/// credential is bound to. `dimensions` are those that each row has. Rows that all tenants share have none that they must have.
#[doc(hidden)]
pub fn within_tenants<R: Columns>(
    dimensions: &[&'static str],
    is_shared: bool,
    decided: Option<&Tenant>,
    caller: Option<&Principal>,
) -> Condition<R> {
    let mut all = Condition::all("the rule names no tenant, and the credential is not bound to one");
    for (name, value) in decided.iter().filter(|_| !is_shared).flat_map(|tenant| tenant.dimensions()) {
        all = all & has_value(name, value);
    }
    let bound = caller.map(Principal::bound_tenants).unwrap_or_default();
    if bound.is_empty() {
        return all;
    }
    let of_tenant = |tenant: &Tenant| {
        let known = tenant.dimensions().filter(|(name, _)| column::<R>(name).is_some() || dimensions.contains(name));
        known.fold(Condition::all("the credential is not bound in a dimension of the rows"), |all, (name, value)| {
            // A row without the dimension contradicts nothing, unless each row must have it.
            let is_absent = column(name).map(|column| Condition::leaf(Leaf { column, test: Test::IsNull }));
            all & match is_absent.filter(|_| !dimensions.contains(&name)) {
                Some(is_absent) => has_value(name, value) | is_absent,
                None => has_value(name, value),
            }
        })
    };
    all = all & bound.iter().fold(Condition::none(), |any, tenant| any | of_tenant(tenant));
    // A dimension that a row lacks may be the one in which it differs.
    let is_bound_in = |name: &&&str| bound.iter().any(|tenant| tenant.get(name).is_some());
    for name in dimensions.iter().filter(is_bound_in) {
        let is_absent = column::<R>(name).map(|column| Condition::leaf(Leaf { column, test: Test::IsNull }));
        all = all & is_absent.map_or(Condition::none(), |is_absent| !is_absent);
    }
    all
}
