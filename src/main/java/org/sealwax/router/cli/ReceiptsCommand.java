package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.router.receipts.ReceiptCheck;

/** {@code sealwax receipts verify | export}: reads the files; no server is needed. */
public final class ReceiptsCommand {
  private final Surroundings around;
  private final Path folder;

  public ReceiptsCommand(Surroundings around, Path folder) {
    this.around = around;
    this.folder = folder;
  }

  public int run(Arguments arguments) throws Arguments.Misuse, IOException {
    if (arguments.operands().size() != 1) {
      throw new Arguments.Misuse("receipts takes verify or export");
    }
    return switch (arguments.operands().getFirst()) {
      case "verify" -> verify(arguments.value("--head").orElse(null));
      case "export" -> {
        ReceiptCheck.each(
            folder,
            arguments.value("--recipient").orElse(null),
            entry -> around.out().println(entry.json()));
        yield Exit.OK;
      }
      default -> throw new Arguments.Misuse("receipts takes verify or export");
    };
  }

  private int verify(@Nullable String head) throws IOException {
    ReceiptCheck.Report report = ReceiptCheck.verify(folder, head);
    PrintStream out = around.out();
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
      around.err().println("sealwax: " + flaw);
    }
    return report.flaws().isEmpty() ? Exit.OK : Exit.ERRORS;
  }
}
