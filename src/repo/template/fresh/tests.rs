use std::collections::BTreeMap;

use super::{Fresh, FreshTemplate, Names, make};
use crate::repo::template::{FILES, KEYS};
use crate::secret::Secret;
use crate::sops::{Format, Identities, SopsFile, generate, sniff};

/// Distinct passwords.
struct Counting(usize);

impl Fresh for Counting {
    fn password(&mut self) -> Secret {
        self.0 += 1;
        Secret::new(format!("new{}", self.0))
    }

    fn key(&mut self) -> Secret {
        Secret::new("AAAA")
    }
}

struct Keys {
    texts: Vec<Secret>,
    recipients: Vec<String>,
}

fn keys() -> Keys {
    let (texts, recipients) = KEYS.iter().map(|_| generate()).unzip();
    Keys { texts, recipients }
}

fn made(keys: &Keys, names: &Names) -> FreshTemplate {
    let recipients: Vec<_> =
        KEYS.iter().zip(&keys.recipients).map(|((env, _), recipient)| (*env, recipient.as_str())).collect();
    make(&recipients, names, "2026-01-15T12:00:00Z".parse().unwrap(), &mut Counting(0)).unwrap()
}

/// Opens every encrypted file that a key opens, and returns the values.
fn opened(made: &FreshTemplate, key: &Secret) -> BTreeMap<String, String> {
    let identities = Identities::from_text(key).unwrap();
    let mut values = BTreeMap::new();
    for (path, bytes) in &made.files {
        let text = std::str::from_utf8(bytes).unwrap();
        if sniff(text).is_none() {
            continue;
        }
        if let Ok(opened) = SopsFile::parse(Format::Yaml, text).unwrap().decrypt(&identities) {
            for entry in opened.entries().iter().filter(|entry| entry.encrypted) {
                values.insert(format!("{path}:{}", entry.path), entry.secret.expose().to_owned());
            }
        }
    }
    values
}

#[test]
fn every_secret_opens_with_the_new_key_of_its_environment_alone() {
    let keys = keys();
    let made = made(&keys, &Names::default());
    let [staging, production] = [0, 1].map(|index| opened(&made, &keys.texts[index]));
    assert!(staging.keys().all(|place| place.contains("staging")), "{:?}", staging.keys());
    assert!(production.keys().all(|place| place.contains("production")), "{:?}", production.keys());
    let encrypted = FILES.iter().filter(|(_, bytes)| sniff(&String::from_utf8_lossy(bytes)).is_some()).count();
    assert_eq!(made.encrypted, encrypted);
    assert!(encrypted > 20 && staging.len() + production.len() >= encrypted);
    for (_, throwaway) in KEYS {
        assert!(opened(&made, &Secret::new(*throwaway)).is_empty());
    }
}

#[test]
fn nothing_of_the_throwaway_keys_and_values_is_left() {
    let keys = keys();
    let made = made(&keys, &Names::default());
    let old: Vec<String> = KEYS
        .iter()
        .flat_map(|(_, key)| Identities::from_text(&Secret::new(*key)).unwrap().recipients().to_vec())
        .collect();
    for (path, bytes) in &made.files {
        let text = String::from_utf8_lossy(bytes);
        assert!(!old.iter().any(|recipient| text.contains(recipient)), "{path} names a throwaway recipient");
    }
    for (path, recipient) in
        ["clusters/staging/.sops.yaml", "clusters/production/.sops.yaml"].iter().zip(&keys.recipients)
    {
        let (_, rules) = made.files.iter().find(|(name, _)| name == path).unwrap();
        assert!(String::from_utf8_lossy(rules).contains(recipient));
    }
    let values = keys.texts.iter().flat_map(|key| opened(&made, key));
    assert!(values.into_iter().all(|(_, value)| !value.contains("throwaway") && !value.contains("dGhyb3dhd2F5")));
}

#[test]
fn a_role_and_its_application_still_share_a_password_and_nobody_else_does() {
    let keys = keys();
    let made = made(&keys, &Names::default());
    let values = opened(&made, &keys.texts[1]);
    let at = |place: &str| values.get(place).unwrap_or_else(|| panic!("{place}")).as_str();
    let role = |name: &str| {
        at(&format!("infrastructure/configs/production/cloudnative-pg/{name}-role-secret.yaml:stringData.password"))
            .to_owned()
    };
    assert_eq!(
        role("linkding"),
        at("apps/production/linkding/linkding-database-secret.yaml:stringData.LD_DB_PASSWORD")
    );
    assert_eq!(role("immich"), at("apps/production/immich/immich-database-secret.yaml:stringData.DB_PASSWORD"));
    assert_eq!(
        role("commafeed"),
        at("apps/production/commafeed/commafeed-env-secret.yaml:stringData.QUARKUS_DATASOURCE_PASSWORD")
    );
    assert_eq!(
        role("nightscout"),
        at("apps/production/nightscout/nightscout-env-secret.yaml:stringData.POSTGRES_PASSWORD")
    );
    assert_eq!(
        role("speedtest-tracker"),
        at(
            "monitoring/controllers/production/kube-prometheus-stack/speedtest-tracker-database-secret.yaml:stringData.SPEEDTEST_DB_PASSWORD"
        )
    );
    assert_ne!(role("linkding"), role("immich"));
    let staging = opened(&made, &keys.texts[0]);
    assert!(
        staging
            .values()
            .filter(|value| value.starts_with("new"))
            .all(|value| !values.values().any(|other| other == value))
    );
    assert_eq!(
        at("apps/production/speedtest-tracker/speedtest-tracker-env-secret.yaml:stringData.APP_KEY"),
        "base64:AAAA"
    );
    assert_eq!(at("apps/production/linkding/linkding-container-env-secret.yaml:stringData.LD_SUPERUSER_NAME"), "admin");
}

#[test]
fn what_only_the_operator_can_have_is_listed() {
    let made = made(&keys(), &Names::default());
    let told: Vec<_> = made.missing.iter().map(|one| format!("{} {} {}", one.env, one.path, one.wanted)).collect();
    assert!(told.contains(&"staging stringData.api-token a token of cloudflare".to_owned()), "{told:?}");
    assert!(told.contains(&"production stringData.ACCESS_KEY_ID the keyID of backblaze".to_owned()), "{told:?}");
    assert!(told.contains(&"production stringData.RENOVATE_TOKEN a token of github".to_owned()), "{told:?}");
}

#[test]
fn the_domain_and_the_repository_are_written_everywhere() {
    let keys = keys();
    let names = Names { domain: Some("example.org".to_owned()), repository: Some("me/cluster".to_owned()) };
    let made = made(&keys, &names);
    for (path, bytes) in &made.files {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("homelab.example") && !text.contains("OWNER/homelab"), "{path}");
    }
    let (_, sync) =
        made.files.iter().find(|(path, _)| path == "clusters/production/flux-system/gotk-sync.yaml").unwrap();
    assert!(String::from_utf8_lossy(sync).contains("url: https://github.com/me/cluster\n"));
    let values = opened(&made, &keys.texts[1]);
    let email = "apps/production/pgadmin/pgadmin-env-secret.yaml:stringData.PGADMIN_DEFAULT_EMAIL";
    assert_eq!(values[email], "operator@example.org");
}
