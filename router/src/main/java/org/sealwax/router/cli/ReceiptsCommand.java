package org.sealwax.router.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.receipts.ReceiptVerifier;
import org.sealwax.router.wiring.DomainStores;

/** {@code sealwax receipts …}: reads the files; no server is needed. */
public final class ReceiptsCommand {
  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  public ReceiptsCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code receipts} with its commands. */
  public Command command() {
    return Command.group(
        """
        sealwax receipts COMMAND
        verify and read the receipts of deliveries

        A receipt is a line for one delivered recipient: the requirement, the TLS that the host
        showed, and its reply. The lines form a chain of hashes with signed heads. No server is
        needed.

        $ sealwax receipts verify
        """,
        List.of(
            Command.of(
                """
                sealwax receipts verify
                verify the chain of receipts and its signatures

                Prints the number of receipts, the signing keys and each flaw. Exit code 0: all
                are valid; 2: flaws were found.

                --head HASH         also check that this head, from the log, is in the chain; a
                                    tail that was cut off is found by it

                $ sealwax receipts verify
                """,
                this::verify),
            Command.of(
                """
                sealwax receipts export
                print each receipt as a line of JSON

                Recipients are stored as salted hashes; --recipient finds those of one address.

                --recipient ADDRESS  receipts of this address only

                $ sealwax receipts export --recipient ann@example.org
                """,
                this::export)));
  }

  private Path folder(Arguments arguments) throws IOException {
    return DomainStores.receiptsIn(configuration.state(arguments));
  }

  private int export(Arguments arguments) throws IOException {
    ReceiptVerifier.each(
        folder(arguments),
        arguments.value("--recipient").orElse(null),
        entry -> process.out().println(entry.json()));
    return ExitStatus.OK;
  }

  private int verify(Arguments arguments) throws IOException {
    ReceiptVerifier.ReceiptReport report =
        ReceiptVerifier.verify(folder(arguments), arguments.value("--head").orElse(null));
    PrintStream out = process.out();
    if (report.files() == 0 && report.flaws().isEmpty()) {
      out.println("there are no receipts in " + folder(arguments));
      return ExitStatus.OK;
    }
    out.println(
        CountText.of(report.receipts(), "receipt")
            + " in "
            + CountText.of(report.files(), "file")
            + ", "
            + CountText.of(report.heads(), "signed head")
            + ", "
            + CountText.of(report.unsigned(), "receipt")
            + " after the last of them");
    report.keys().stream().sorted().forEach(key -> out.println("signed by " + key));
    out.println("last hash of the chain: " + report.lastHash());
    if (report.lost() > 0) {
      out.println(
          "note: "
              + CountText.of(report.lost(), "receipt was | receipts were")
              + " lost because the disk was too slow");
    }
    if (report.torn()) {
      out.println("note: the last line is truncated, as after a crash; the next start removes it");
    }
    for (String flaw : report.flaws()) {
      process.err().println("sealwax: " + flaw);
    }
    return report.flaws().isEmpty() ? ExitStatus.OK : ExitStatus.ERRORS;
  }
}
