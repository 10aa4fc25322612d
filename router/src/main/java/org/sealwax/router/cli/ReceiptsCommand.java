package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Subcommand;
import org.sealwax.router.receipts.ReceiptVerifier;

/** {@code sealwax receipts verify | export}: reads the files; no server is needed. */
public final class ReceiptsCommand {
  private final ProcessEnvironment process;
  private final Path folder;

  public ReceiptsCommand(ProcessEnvironment around, Path folder) {
    this.process = around;
    this.folder = folder;
  }

  /** As help and the manual show it. */
  public static Subcommand subcommand() {
    return new Subcommand(
        "receipts",
        "verify | export",
        "check and read the receipts of deliveries",
        "verify checks the chain and its signatures; with --head also that a head which the log"
            + " tells of is in it, which shows a tail that was cut. export prints one JSON"
            + " object per line and receipt. Exit code 0: everything holds; 2: not. No server"
            + " is needed.",
        List.of(
            new Subcommand.Option(
                "--head", "HASH", "a head from the log that must be in the chain"),
            new Subcommand.Option(
                "--recipient", "ADDRESS", "with export: only those of this address")),
        false);
  }

  public int run(Arguments arguments) throws Arguments.UsageError, IOException {
    if (arguments.operands().size() != 1) {
      throw new Arguments.UsageError("receipts takes verify or export");
    }
    return switch (arguments.operands().getFirst()) {
      case "verify" -> verify(arguments.value("--head").orElse(null));
      case "export" -> {
        ReceiptVerifier.each(
            folder,
            arguments.value("--recipient").orElse(null),
            entry -> process.out().println(entry.json()));
        yield ExitStatus.OK;
      }
      default -> throw new Arguments.UsageError("receipts takes verify or export");
    };
  }

  private int verify(@Nullable String head) throws IOException {
    ReceiptVerifier.ReceiptReport report = ReceiptVerifier.verify(folder, head);
    PrintStream out = process.out();
    out.println(
        report.receipts()
            + " receipts in "
            + report.files()
            + " files, "
            + report.heads()
            + " signed heads, "
            + report.unsigned()
            + " lines after the last one");
    report.keys().stream().sorted().forEach(key -> out.println("signed by " + key));
    out.println("the chain ends with " + report.lastHash());
    if (report.lost() > 0) {
      out.println(
          "note: " + report.lost() + " receipts were lost to a slow disk, as the chain says");
    }
    if (report.torn()) {
      out.println("note: the last line is cut short, as by a crash; the next start cuts it off");
    }
    for (String flaw : report.flaws()) {
      process.err().println("sealwax: " + flaw);
    }
    return report.flaws().isEmpty() ? ExitStatus.OK : ExitStatus.ERRORS;
  }
}
