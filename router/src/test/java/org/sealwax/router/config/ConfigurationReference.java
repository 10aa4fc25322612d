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
    out.append(".TH SEALWAX.TOML 5 \"\" Sealwax\n.SH NAME\n");
    out.append("sealwax.toml \\- configuration of the mail router Sealwax\n.SH DESCRIPTION\n");
    out.append(
        roff(
            "The file is TOML 1.0. Without one, sealwax serve listens on 127.0.0.1:2525. It is"
                + " looked for where --config says, else as $XDG_CONFIG_HOME/sealwax/sealwax.toml"
                + " or ~/.config/sealwax/sealwax.toml, for root as /etc/sealwax/sealwax.toml. Every"
                + " mistake is an error, told with line, column and help: try sealwax check."
                + " Durations are written \"30s\", \"5m\", \"4h\", \"5d\" or as a sum like"
                + " \"1h30m\"; sizes \"100KB\", \"50MB\", \"2GB\" (powers of 1024); files are"
                + " relative to the folder of the configuration."));
    out.append(".SH EXAMPLE\n.nf\n").append(roff(example())).append(".fi\n.SH TABLES\n");
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      out.append(".SS ").append(roff(table.heading())).append(roff(table.purpose()));
      for (SettingKey key : table.keys()) {
        out.append(".TP\n.B ").append(roff(key.name()));
        out.append(roff(key.type().typeName() + defaultText(key) + ". " + key.doc()));
      }
    }
    out.append(".SH SEE ALSO\n.BR sealwax (1)\n");
    return out.toString();
  }

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
        "# example where there is none (marked e.g.). sealwax check says what is in force.\n");
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      out.append('\n');
      wrap(table.purpose(), out);
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
