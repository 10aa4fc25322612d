package org.sealwax.router.config;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.settings.SettingKey;

/** The pages that are generated from the schema; a test keeps the files in step. */
public final class ConfigurationReference {
  private static final int WIDTH = 96;

  private ConfigurationReference() {}

  /** The manual page {@code sealwax.toml(5)} in man(7) form. */
  public static String manual() {
    StringBuilder out = new StringBuilder();
    out.append(".TH SEALWAX.TOML 5 2026-12-01 Sealwax\n.SH NAME\n");
    out.append("sealwax.toml \\- configuration of the mail router Sealwax\n.SH DESCRIPTION\n");
    out.append(
        roff(
            "The file is TOML 1.0. Without one, sealwax serve listens on 127.0.0.1:2525. It is"
                + " read from the path of --config, else from $XDG_CONFIG_HOME/sealwax/sealwax.toml"
                + " or ~/.config/sealwax/sealwax.toml, for root from /etc/sealwax/sealwax.toml. Every"
                + " error is reported with line, column and help: see sealwax check."
                + " Durations are written \"30s\", \"5m\", \"4h\", \"5d\" or as a sum like"
                + " \"1h30m\"; sizes \"100KB\", \"50MB\", \"2GB\" (powers of 1024); files are"
                + " relative to the folder of the configuration."));
    out.append(".SH EXAMPLE\n.nf\n").append(roff(example())).append(".fi\n.SH TABLES\n");
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      out.append(".SS ").append(roff(table.heading())).append(roff(table.declared().purpose()));
      for (SettingKey key : table.keys()) {
        out.append(".TP\n.B ").append(roff(key.name()));
        out.append(roff(key.type().typeName() + defaultText(key) + ". " + key.doc()));
      }
    }
    out.append(".SH TLS LEVELS\n");
    out.append(
        roff(
            "The key level of [[policy]], [[transport]] and [deliver] states what mail demands of"
                + " the TLS of a server, in Postfix's words, from the weakest to the strongest."
                + " DANE, MTA-STS and the ledger may demand more than the level; only a [[policy]]"
                + " entry with override = true lowers what they demand. sealwax explain DOMAIN shows"
                + " what is in force and why."));
    for (TlsLevelText level : LEVELS) {
      out.append(".TP\n.B ").append(roff(level.level())).append(roff(level.meaning()));
      out.append(".RS\n.nf\n").append(roff(level.example())).append(".fi\n.RE\n");
    }
    out.append(".SH SEE ALSO\n.BR sealwax (1),\n.BR sealwax\\-aliases (5)\n");
    return out.toString();
  }

  /** One level of TLS for the manual page, with a configuration that uses it. */
  record TlsLevelText(String level, String meaning, String example) {}

  /** The levels that a configuration may name. */
  static final List<TlsLevelText> LEVELS =
      List.of(
          new TlsLevelText(
              "none",
              "Never TLS: the mail is sent in plaintext. For a server whose TLS is permanently broken.",
              """
              [[policy]]
              domain = "printer.example.org"
              level = "none"
              note = "the scanner in the office cannot do TLS"
              """),
          new TlsLevelText(
              "may",
              "TLS where the server offers it, with any certificate; else plaintext. When"
                  + " TLS is offered but fails, the mail waits for [deliver] hold before it is sent"
                  + " in plaintext. This is the default.",
              """
              [deliver]
              level = "may"
              """),
          new TlsLevelText(
              "encrypt",
              "Always TLS, with any certificate. Protects against passive listeners, not against an"
                  + " attacker that impersonates the server.",
              """
              [[policy]]
              domain = "partner.example"
              level = "encrypt"
              """),
          new TlsLevelText(
              "fingerprint",
              "Always TLS, and the key of the server is one of pins, whatever its certificate contains."
                  + " A new key of the server needs a new pin before it is used.",
              """
              [[policy]]
              domain = "partner.example"
              level = "fingerprint"
              pins = ["sha256:0000000000000000000000000000000000000000000000000000000000000000"]
              """),
          new TlsLevelText(
              "verify",
              "Always TLS, with a certificate by a trusted authority for the name of the MX host,"
                  + " or for one of names. The name of the MX host is taken from the DNS, even"
                  + " unsigned.",
              """
              [[policy]]
              domain = "partner.example"
              level = "verify"
              """),
          new TlsLevelText(
              "secure",
              "Always TLS, with a certificate by a trusted authority for a name that no forged"
                  + " DNS answer can choose: one of names, or else the domain itself or a"
                  + " host below it.",
              """
              [[policy]]
              domain = "partner.example"
              level = "secure"
              names = ["mx.provider.example"]
              """),
          new TlsLevelText(
              "dane-only",
              "Always TLS, with a server that matches its TLSA records under DNSSEC (RFC 7672)."
                  + " Without usable records the mail waits. Where the records exist, DANE is in"
                  + " force under every other level, too.",
              """
              [[policy]]
              domain = "partner.example"
              level = "dane-only"
              """));

  private static String defaultText(SettingKey key) {
    if (key.declared().required()) {
      return ", required";
    }
    return key.fallback() == null ? "" : ", default " + key.fallback();
  }

  private static String roff(String text) {
    StringBuilder out = new StringBuilder();
    for (String line : text.lines().toList()) {
      String safe = line.replace("\\", "\\e").replace("-", "\\-");
      out.append(safe.startsWith(".") || safe.startsWith("'") ? "\\&" : "").append(safe);
      out.append('\n');
    }
    return out.toString();
  }

  /** A working configuration of a small site in ten lines. */
  public static String example() {
    return """
    [server]
    hostname = "mx.project.example"
    postmaster = "admin@example.net"
    [[listener]]
    address = "*:25"
    [[alias_domain]]
    domain = "project.example"
    file = "aliases"
    [srs]
    domain = "project.example"
    """;
  }

  /** Every key with its default or an example, commented out. */
  public static String sample() {
    StringBuilder out = new StringBuilder();
    out.append(
        "# sealwax.toml: every table and key. What is commented out shows the default, or an\n");
    out.append(
        "# example where there is none (marked e.g.). sealwax check prints the settings in force.\n");
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      out.append('\n');
      wrap(table.declared().purpose(), out);
      out.append('#').append(table.heading()).append('\n');
      for (SettingKey key : table.keys()) {
        wrap(key.doc(), out);
        out.append('#').append(key.name()).append(" = ").append(key.example());
        out.append(
            key.fallback() == null ? key.declared().required() ? "  # required" : "  # e.g." : "");
        out.append('\n');
      }
    }
    return out.toString();
  }

  private static void wrap(String text, StringBuilder out) {
    List<String> line = new ArrayList<>();
    int length = 0;
    for (String word : text.split(" ")) {
      if (length + word.length() > WIDTH) {
        out.append("# ").append(String.join(" ", line)).append('\n');
        line.clear();
        length = 0;
      }
      line.add(word);
      length += word.length() + 1;
    }
    out.append("# ").append(String.join(" ", line)).append('\n');
  }
}
