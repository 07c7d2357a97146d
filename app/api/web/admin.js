// Tenants and their quotas, keys of providers, and the access log, for those who may.
import { showAccess } from "./admin_access.js";
import { providerForm, providerRow } from "./admin_providers.js";
import { quotaForm, tenantForm, tenantRow } from "./admin_tenants.js";
import { api, Problem } from "./api.js";
import { $ } from "./dom.js";
import { failed, fill, ordering } from "./orders.js";

const order = ordering(() => look());

/** Tenants are the operator's: nobody else sees that there are any. */
async function lookAtTenants() {
  try {
    const [{ tenants }, { quotas }] = await Promise.all([api.tenants(), api.quotas()]);
    $("tenants-part").hidden = false;
    const all = tenants.map((one) => ({ ...one, quota: quotas.find((quota) => quota.tenant === one.tenant) }));
    fill(
      "tenants",
      all,
      (one) => one.tenant,
      (one) => tenantRow(one, order),
    );
  } catch (error) {
    if (!(error instanceof Problem && error.status === 403)) throw error;
  }
}

async function lookAtProviderKeys() {
  const { provider_keys: keys } = await api.providerKeys();
  fill(
    "provider-keys",
    keys,
    (one) => one.provider,
    (one) => providerRow(one, order),
  );
}

const look = () => Promise.all([lookAtTenants(), lookAtProviderKeys()]).catch(failed);

$("new-tenant").append(tenantForm(look, failed), quotaForm(look, failed));
$("new-provider-key").append(providerForm(look, failed));
look();
showAccess().catch(failed);
