use super::{is_confidential, is_confidential_data};

#[test]
fn what_opens_a_door_is_confidential() {
    for (key, text) in [
        ("a", "hunter2"),
        ("password", "a"),
        ("DB_PASSWORD", "postgres"),
        ("dbPassword", "x1"),
        ("token", "12345678"),
        ("url", "postgres://app:hunter2@db.web.svc:5432/app"),
        ("url", "https://hooks.example.org/services/T00000000/B0000000/Xq3v9LmZ0aP4kR7tYb2N"),
        ("url", "https://example.org/a?token=abc"),
        ("username", "Xq3v9LmZ0aP4kR7tYb2N8wQe"),
        ("config.ini", "[a]\nuser = b\npassword = hunter2\n"),
        ("config.yaml", "a:\n  secret_key: \"hunter2\"\n"),
        (".dockerconfigjson", r#"{"auths":{"a.example.org":{"auth":"dTpw"}}}"#),
        ("a", "${A:=hunter2}"),
        ("id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n"),
        ("cluster.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQPG\n-----END PGP PRIVATE KEY BLOCK-----\n"),
        ("DATABASE_URL", "postgres://app:Xy/9@db:5432/app"),
        ("ENCRYPTION_KEY", "/q3Zk1/9bTnPw5/rL2xYc8/Vd0g="),
        ("app.env", "A=b\nENCRYPTION_KEY=/q3Zk1/9bTnPw5/rL2xYc8/Vd0g=\n"),
        ("password", "a.b.c d"),
        ("wifi", "correct horse battery"),
        ("config.yaml", "media:\n  server_key: ed25519 a_Vg ivuR2EzzrqX7kIADeypBxJUmHOJ9dsBewQC6qr3Hho\n"),
        ("AZURE_CLIENT_SECRET", "04561461-0f92-42b3-9328-8b0c1bba4641"),
    ] {
        assert!(is_confidential(key, text), "{key}: {text}");
    }
    assert!(is_confidential_data("a", "aHVudGVyMg=="));
    assert!(is_confidential_data("a", "no base64!"));
    assert!(is_confidential_data("a", "/+8="), "bytes");
    // Any depth is handled, without overflowing the stack.
    let deep = format!("{}hunter2{}", "${A:-".repeat(20_000), "}".repeat(20_000));
    assert!(is_confidential("password", &deep));
}

#[test]
fn what_stands_for_a_secret_or_says_nothing_is_none() {
    for (key, text) in [
        ("token", ""),
        ("token", "op://lab/connect/token"),
        ("token", "op://lab/a vault with spaces/token"),
        ("AZURE_CLIENT_ID", "04561461-0f92-42b3-9328-8b0c1bba4641"),
        ("AZURE_SYNC_PERIOD", "12h"),
        ("MAX_CONCURRENT_RECONCILES", "3"),
        ("config.yaml", "logout:\n  private: nothing\n  shared_key: generate\n"),
        ("token", "<path:secret/data/app#token>"),
        ("token", "ref+sops://a.yaml#/b"),
        ("token", "${TOKEN}"),
        ("token", "{{ .token }}"),
        ("identity", "#% filter indent(4) %#\n#{ deploy_key() }#\n#% endfilter %#\n"),
        ("token", "#{ token }#"),
        ("RESTIC_REPOSITORY", "s3:http://minio.example.org:9000/backup"),
        ("RESTIC_REPOSITORY", "s3:https://s3.${REGION}.example.org/${APP}"),
        ("rclone.conf", "[r2]\ntype = s3\nsecret_access_key = ${R2_KEY}\nendpoint = https://r2.example.org\n"),
        ("repository", "ssh://git@github.com:org/repo.git"),
        ("image", "https://registry.example.org:5000/app@sha256:0123"),
        ("username", "admin"),
        ("username", "${OWNER:=${APP}}"),
        ("host", "postgres-rw.database.svc"),
        ("uri", "postgresql://app@db.web.svc:5432/app?sslmode=verify-full&sslkey=/run/tls.key"),
        ("authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@example.org\n"),
        ("ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
        ("email", "me@example.org"),
        ("key", "/etc/Ssl/Certs2024/Tls0.key"),
        ("token", "/var/run/secrets/kubernetes.io/serviceaccount/token"),
        ("port", "5432"),
        ("enabled", "true"),
        ("password", "CHANGEME"),
    ] {
        assert!(!is_confidential(key, text), "{key}: {text}");
    }
    assert!(!is_confidential_data("username", "YWRtaW4="));
    assert!(!is_confidential_data("token", "${TOKEN}"));
}

#[test]
fn a_password_is_one_whatever_it_looks_like() {
    for text in [
        "p@ssw.rd",
        "Summer@2024.com",
        "hunter.two",
        "hunter.two:8080",
        "/hunter2",
        "/hun/ter2",
        "xx",
        "<hunter2hunter2>",
        "[[hunter2]]",
        "<<hunter2>>",
        "{{hunter2}}",
        "op://hunter2",
        "op://hunter2/",
        "ref+hunter2",
        "vault:hunter2",
        "bws://hunter2",
        "hunter://two",
        "ssh-rsa hunter2",
        "ssh-ed25519 AAAAhunter2",
        "age1 hunter2hunter2",
        "age1hunter2",
        "{{ \"hunter2\" }}",
        "{{ 'hunter2' | b64enc }}",
        "{{- `hunter2` -}}",
        "{{ print \"hunter2\" | quote }}",
        "{{ .password | default \"hunter2\" }}",
        "[[ \"hunter2\" ]]",
        "<%= 'hunter2' %>",
        "${A+hunter2}",
        "${A:+hunter2}",
        "${A:-hunter2}",
        "${A-hunter2}",
        "${A=hunter2}",
        "${A:-${B:-hunter2}}",
        "${A/x/hunter2}",
        "${A//x/hunter2}",
        "${spring.datasource:hunter2}",
        "${!hunter2}",
        "{hunter2}",
    ] {
        for key in [
            "password",
            "DB_PASSWD",
            "adminPwd",
            "api-token",
            "client_secret",
            "userpassword",
            "token.txt",
            "SECRET_KEY_2",
        ] {
            assert!(is_confidential(key, text), "{key}: {text}");
        }
    }
    for (key, text) in [
        ("a", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\npassword hunter2"),
        ("a", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\nhunter2\n"),
        ("a", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\npassword: hunter2\n"),
        ("url", "https://ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ@github.com/a/b"),
        ("url", "https://0123456789abcdef0123456789abcdef@o1.ingest.example.org/12"),
        ("url", "https://glpat-abcdefghijklmnopqrst@gitlab.example.org/a.git"),
        ("url", "https://hooks.slack.com/services/TABCDEFGH/BABCDEFGH/abcdefghijklmnopqrstuvwx"),
        ("url", "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz"),
        ("username", "ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"),
        (".netrc", "machine example.org\nlogin app\npassword hunter2\n"),
        ("init.sql", "CREATE ROLE app;\nALTER ROLE app WITH PASSWORD 'hunter2';\n"),
        ("redis.conf", "port 6379\nrequirepass hunter2\n"),
        ("app.ini", "user = app\npassword = /hunter2\n"),
        ("app.ini", "user = app\npassphrase = correct horse battery\n"),
        ("ca.yaml", "ca: |\n  -----BEGIN CERTIFICATE-----\n  MIIB\n  -----END CERTIFICATE-----\npassword: hunter2\n"),
    ] {
        assert!(is_confidential(key, text), "{key}: {text}");
    }
}

#[test]
fn what_only_has_the_words_of_a_password_is_none() {
    let age = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
    for (key, text) in [
        ("token_url", "auth.example.org/token"),
        ("tokenEndpoint", "https://auth.example.org/oauth2/token"),
        ("password", "https://example.org/reset"),
        ("PASSWORD_FILE", "/keys/password"),
        ("password", "/run/secrets/password"),
        ("token", "/var/run/secrets/kubernetes.io/serviceaccount/token"),
        ("SECRET_DOMAIN", "example.org"),
        ("SECRET_DOMAIN_TWO", "example.org"),
        ("SECRET_EMAIL", "me@example.org"),
        ("SECRET_GATEWAY", "192.168.1.1"),
        ("token", "op://vault/item/section/field"),
        ("token", "op://{{ vault }}/{{ item }}/field"),
        ("token", "vault:secret/data/app#token"),
        ("token", "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w=="),
        ("token", "bws://be8e0ad8-d545-4017-a55a-b02f014d4158"),
        ("token", "<path:secret/data/app#token>"),
        ("token", "<your token here>"),
        ("password", "<PASSWORD>"),
        ("password", "<S3_KEY_1>"),
        ("password", "<base64-encoded-password>"),
        ("password", "xxx"),
        ("password", "[[ password ]]"),
        ("password", "[[PASSWORD]]"),
        ("password", "<<inputs.password>>"),
        ("password", "{{ .password }}"),
        ("password", "{{ index .data \"db1-password\" }}"),
        ("password", "{{ .Values.password | default \"\" | quote }}"),
        ("password", "{{ \"DB1_PASSWORD\" | env }}"),
        ("password", "{{ printf \"%s-%s\" .a .b }}"),
        ("password", "{{ \"{{ .password }}\" }}"),
        ("password", "{{ `{{ .password }}` }}"),
        ("password", "{{/* hunter2 */}}"),
        ("auth", "{{ .user }}:{{ .password }}"),
        ("token", "{{ toJson (dict \"a1\" .A \"t2\" .B) | b64enc }}"),
        ("app.ini", "url = https://example.org\nauth = ${USER}:${PASSWORD}\n"),
        ("password", "${PASSWORD}"),
        ("password", "${PASSWORD:?must be set}"),
        ("password", "${PASSWORD:0:8}"),
        ("password", "${PASSWORD%.org}"),
        ("password", "${A:-${B}}"),
        ("password", "${env:DB1_PASSWORD}"),
        ("password", "${file:/run/password1}"),
        ("password", "${{ secrets.TOKEN1 }}"),
        ("password", age),
        ("recipients", &format!("# ours\n{age}\n{age} # laptop\n")),
        ("secret", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@example.org"),
        ("secret", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI"),
        (
            "ca.crt",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\n# next\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        ),
        ("ca.crt", "-----BEGIN CERTIFICATE-----\n...\n"),
        (
            "config.yaml",
            "ca: |\n  -----BEGIN CERTIFICATE-----\n  MIIBszCCAVmgAwIBAgIUQ2Vy1234567890abcdefghijklmnopqrstuv\n  -----END CERTIFICATE-----\n",
        ),
        ("config.yaml", "token_endpoint_auth_method: none\npassword_file: /keys/password\n"),
        ("url", "https://git@github.com/a/b"),
        ("config.sh", "# password hunter2\necho the password is reset\n"),
    ] {
        assert!(!is_confidential(key, text), "{key}: {text}");
    }
}
