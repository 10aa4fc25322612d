package org.sealwax.app;

import java.util.List;
import org.sealwax.mail.cli.Subcommand;

/** Help and the manual page, from the table of subcommands. */
final class HelpText {
  private HelpText() {}

  static String overview() {
    StringBuilder out = new StringBuilder();
    out.append("Sealwax: a mail router that cannot silently be tricked into clear text\n\n");
    out.append("usage: sealwax COMMAND [--config FILE] ...\n\n");
    for (Subcommand c : Subcommands.all()) {
      if (!c.hidden()) {
        out.append("  ").append(c.name()).repeat(' ', 10 - c.name().length());
        out.append(c.purpose()).append('\n');
      }
    }
    return out.append(
            "\nsealwax help COMMAND explains one; start with: sealwax demo, then sealwax serve\n")
        .toString();
  }

  static String of(Subcommand c) {
    StringBuilder out = new StringBuilder();
    out.append("usage: sealwax ").append(c.name());
    out.append(c.options().isEmpty() ? "" : " [OPTION...]");
    out.append(c.operands().isEmpty() ? "" : " " + c.operands()).append("\n\n");
    out.append(c.text()).append("\n\n");
    for (Subcommand.Option o : options(c)) {
      String left = o.name() + (o.argument() == null ? "" : " " + o.argument());
      out.append("  ").append(left).repeat(' ', Math.max(1, 20 - left.length()));
      out.append(o.purpose()).append('\n');
    }
    return out.toString();
  }

  private static List<Subcommand.Option> options(Subcommand c) {
    java.util.ArrayList<Subcommand.Option> all = new java.util.ArrayList<>(c.options());
    all.add(new Subcommand.Option("--config", "FILE", "the configuration to read"));
    all.add(new Subcommand.Option("--help", null, "print this"));
    return all;
  }

  /** The manual page {@code sealwax(1)}. */
  static String manual() {
    StringBuilder out = new StringBuilder();
    out.append(".TH SEALWAX 1 \"\" Sealwax\n.SH NAME\n");
    out.append("sealwax \\- a mail router that cannot silently be tricked into clear text\n");
    out.append(".SH SYNOPSIS\n.B sealwax\n.I COMMAND\n[\\-\\-config FILE] ...\n.SH COMMANDS\n");
    for (Subcommand c : Subcommands.all()) {
      if (c.hidden()) {
        continue;
      }
      out.append(".SS ").append(roff("sealwax " + c.name() + " " + c.operands()));
      out.append(roff(c.text()));
      for (Subcommand.Option o : c.options()) {
        out.append(".TP\n.B ");
        out.append(roff(o.name() + (o.argument() == null ? "" : " " + o.argument())));
        out.append(roff(o.purpose()));
      }
    }
    out.append(".SH EXIT STATUS\n");
    out.append(
        roff(
            "0: done. 1: nothing found, or warnings of check. 2: errors in the configuration or in"
                + " a file that it names (check). 69: assess and survey cannot judge DNSSEC,"
                + " because the resolver of this machine returns no DNSSEC records; nothing is"
                + " reported of the target. 3: serve ended because memory was out. 64 and above: as"
                + " in sysexits(3); 70: serve ended because one of its threads did; 75 means that"
                + " trying again later helps."));
    out.append(".SH ENVIRONMENT\n");
    out.append(
        roff(
            "SEALWAX_CONFIG: the configuration to read. SEALWAX_JAVA_OPTS: further options for"
                + " Java. NOTIFY_SOCKET, STATE_DIRECTORY, JOURNAL_STREAM: as set by systemd."));
    out.append(".SH FILES\n");
    out.append(
        roff(
            "/etc/sealwax/sealwax.toml, ~/.config/sealwax/sealwax.toml: the configuration."
                + " /var/lib/sealwax, ~/.local/state/sealwax: spool, certificates made here,"
                + " sockets, and under-way, the messages that were being delivered at an unexpected"
                + " end."));
    return out.append(".SH SEE ALSO\n.BR sealwax.toml (5)\n").toString();
  }

  private static String roff(String text) {
    String safe = text.strip().replace("\\", "\\e").replace("-", "\\-");
    return (safe.startsWith(".") || safe.startsWith("'") ? "\\&" : "") + safe + "\n";
  }
}
