package org.sealwax.app;

import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.Usage;

/** The manual page {@code sealwax(1)}, from the commands. */
final class ManualPage {
  private ManualPage() {}

  static String of(Command commands) {
    StringBuilder out = new StringBuilder();
    Usage program = commands.usage();
    out.append(".TH SEALWAX 1 2026-12-01 Sealwax\n.SH NAME\n");
    out.append("sealwax \\- ").append(roff(program.purpose()));
    out.append(".SH SYNOPSIS\n.B sealwax\n.I COMMAND\n[OPTION...] ...\n");
    out.append(".SH DESCRIPTION\n");
    out.append(String.join(".PP\n", program.text().stream().map(ManualPage::roff).toList()));
    out.append(
        ".SH COMMANDS\nThese options are common to all commands, before or after its name:\n");
    Usage.COMMON.forEach(option -> append(out, option));
    commands.all().skip(1).map(Command::usage).filter(Usage::shown).forEach(u -> append(out, u));
    out.append(".SH EXIT STATUS\n");
    out.append(
        roff(
            "0: done. 1: nothing found, or warnings of check. 2: errors in the configuration or in"
                + " a file that it names (check); something got worse (assess"
                + " --baseline). 69: assess and survey cannot judge DNSSEC,"
                + " because the resolver of this machine returns no DNSSEC records; nothing is"
                + " reported of the target. 3: serve ended because memory was out. 64 and above: as"
                + " in sysexits(3); 70: serve ended because one of its threads did; 75 means that"
                + " trying again later helps."));
    out.append(".SH ENVIRONMENT\n");
    out.append(
        roff(
            "SEALWAX_CONFIG: the configuration file. SEALWAX_JAVA_OPTS: further options for"
                + " Java. NOTIFY_SOCKET, STATE_DIRECTORY, JOURNAL_STREAM: as set by systemd."));
    out.append(".SH FILES\n");
    out.append(
        roff(
            "/etc/sealwax/sealwax.toml, ~/.config/sealwax/sealwax.toml: the configuration."
                + " /var/lib/sealwax, ~/.local/state/sealwax: spool, certificates made here,"
                + " sockets, and under-way, the messages that were being delivered at an unexpected"
                + " end."));
    out.append(".SH EXAMPLES\n");
    program.examples().forEach(example -> append(out, example));
    return out.append(".SH SEE ALSO\n.BR sealwax.toml (5),\n.BR sealwax\\-aliases (5)\n")
        .toString();
  }

  private static void append(StringBuilder out, Usage usage) {
    out.append(".SS ").append(roff(usage.synopsis()));
    out.append(roff(usage.summary()));
    usage.text().forEach(paragraph -> out.append(".PP\n").append(roff(paragraph)));
    usage.options().forEach(option -> append(out, option));
    if (!usage.examples().isEmpty()) {
      out.append(".PP\nExamples:\n");
      usage.examples().forEach(example -> append(out, example));
    }
  }

  private static void append(StringBuilder out, String example) {
    out.append(".RS\n.nf\n$ ").append(roff(example)).append(".fi\n.RE\n");
  }

  private static void append(StringBuilder out, Usage.Option option) {
    out.append(".TP\n.B ").append(roff(option.form())).append(roff(option.purpose()));
  }

  private static String roff(String text) {
    String safe = text.strip().replace("\\", "\\e").replace("-", "\\-");
    return (safe.startsWith(".") || safe.startsWith("'") ? "\\&" : "") + safe + "\n";
  }
}
