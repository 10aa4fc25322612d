package org.sealwax.router.pipe;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.HeaderBuilder;
import org.sealwax.mail.message.Rfc5322Date;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FileDescriptors;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;

/**
 * Delivers to commands: one run for each recipient, with Return-Path and Delivered-To before the
 * message on standard input. Thread-safe.
 */
public final class PipeDeliveryAgent implements DeliveryAgent {
  private static final EnhancedStatus SYSTEM = EnhancedStatus.of("4.3.0");
  private static final EnhancedStatus MISCONFIGURED = EnhancedStatus.of("4.3.5");

  /** Characters of a command's output in a reply or a cause. */
  private static final int MAX_TEXT = 500;

  private record ConfiguredPipe(PipeSettings settings, Semaphore runs) {}

  private final Map<String, ConfiguredPipe> pipes = new HashMap<>();
  private final boolean asRoot;
  private final boolean unicode;

  /**
   * With the configured commands.
   *
   * @param asRoot whether we run as root: then only commands with a wrapper are run
   */
  public PipeDeliveryAgent(Collection<PipeSettings> settings, boolean asRoot) {
    for (PipeSettings pipe : settings) {
      pipes.put(pipe.name(), new ConfiguredPipe(pipe, new Semaphore(pipe.concurrency(), true)));
    }
    this.asRoot = asRoot;
    this.unicode = argumentsAreUnicode();
  }

  /** Whether this process runs as root. */
  public static boolean runsAsRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Integer uid
          && uid == 0;
    } catch (IOException | UnsupportedOperationException e) {
      return System.getProperty("user.name", "").equals("root");
    }
  }

  // The locale decides how Java hands over arguments; without one, "jürgen" would become "j?rgen".
  private static boolean argumentsAreUnicode() {
    String name = System.getProperty("sun.jnu.encoding", "US-ASCII");
    return Charset.isSupported(name) && Charset.forName(name).equals(StandardCharsets.UTF_8);
  }

  /** What an admin should know about these commands; one sentence each. */
  public static List<String> warnings(Collection<PipeSettings> settings, boolean asRoot) {
    List<String> out = new ArrayList<>();
    for (PipeSettings pipe : settings) {
      String name = "pipe \"" + pipe.name() + "\": ";
      if (asRoot && pipe.wrapper().isEmpty()) {
        out.add(
            name
                + "commands are not run as root: start the router as another user, or set wrapper");
      }
      programs(pipe).forEach(program -> flaw(program).ifPresent(why -> out.add(name + why)));
      FailureText.unreadable(pipe.directory())
          .or(
              () ->
                  Files.isDirectory(pipe.directory())
                      ? Optional.empty()
                      : Optional.of(pipe.directory() + ": is not a folder"))
          .ifPresent(why -> out.add(name + why));
    }
    if (!settings.isEmpty() && !CommandRun.hasOwnGroup()) {
      out.add(
          "pipes: setsid (util-linux) is not installed; children of a command may outlive its timeout");
    }
    return List.copyOf(out);
  }

  /** What this process starts; the command of a wrapper only where its folder can be read. */
  private static List<Path> programs(PipeSettings pipe) {
    Path command = Path.of(pipe.command().getFirst());
    if (pipe.wrapper().isEmpty()) {
      return List.of(command);
    }
    Path wrapper = Path.of(pipe.wrapper().getFirst());
    Path parent = command.getParent();
    boolean visible = parent != null && Files.isExecutable(parent) && !Files.exists(command);
    return visible ? List.of(wrapper, command) : List.of(wrapper);
  }

  /** Why a program cannot be started, if so. */
  private static Optional<String> flaw(Path program) {
    if (!Files.exists(program)) {
      return FailureText.unreadable(program);
    }
    if (!Files.isRegularFile(program)) {
      return Optional.of(program + ": it is not a program");
    }
    return Files.isExecutable(program)
        ? Optional.empty()
        : Optional.of(FailureText.of(new AccessDeniedException(program.toString())));
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException {
    Map<Long, Outcome> out = new HashMap<>();
    ConfiguredPipe pipe =
        consignment.nextHop() instanceof NextHop.Pipe hop ? pipes.get(hop.name()) : null;
    for (Recipient recipient : consignment.recipients()) {
      out.put(recipient.key(), pipe == null ? noSuchPipe() : one(consignment, recipient, pipe));
    }
    return out;
  }

  private static Outcome noSuchPipe() {
    return deferred(MISCONFIGURED, "pipe-missing", "the pipe is no longer configured");
  }

  private Outcome one(Consignment consignment, Recipient consigned, ConfiguredPipe pipe)
      throws InterruptedException {
    PipeSettings settings = pipe.settings();
    if (asRoot && settings.wrapper().isEmpty()) {
      return deferred(
          MISCONFIGURED, "pipe-root", "commands are not run as root; configure wrapper");
    }
    Mailbox recipient = consigned.target().mailbox();
    PipeArguments filled =
        PipeArguments.fill(
            settings.command(),
            new PipeArguments.Values(
                recipient, consignment.sender(), consignment.id().text(), settings.delimiter()),
            unicode);
    return switch (filled) {
      case PipeArguments.OptionLike option ->
          refused(
              EnhancedStatus.of(option.placeholder().equals("{sender}") ? "5.1.7" : "5.1.3"),
              "the command of this address accepts no address that begins with a dash");
      case PipeArguments.NotEncodable not ->
          deferred(
              MISCONFIGURED,
              "pipe-locale",
              "the router's locale cannot encode " + not.placeholder() + " for a command");
      case PipeArguments.Filled ready -> run(consignment, recipient, pipe, ready.argv());
    };
  }

  private static Outcome run(
      Consignment consignment, Mailbox recipient, ConfiguredPipe pipe, List<String> argv)
      throws InterruptedException {
    PipeSettings settings = pipe.settings();
    if (!pipe.runs().tryAcquire(settings.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
      return deferred(SYSTEM, "pipe-busy", "the command is busy with other messages");
    }
    try {
      byte[] head = head(consignment, recipient, settings);
      return outcome(settings, CommandRun.of(settings, argv, head, consignment.content()));
    } catch (IOException e) {
      if (FileDescriptors.areExhausted(e)) {
        return deferred(SYSTEM, "descriptors", FileDescriptors.TEXT);
      }
      return deferred(
          MISCONFIGURED, "pipe-start", "the command cannot be started: " + FailureText.of(e));
    } finally {
      pipe.runs().release();
    }
  }

  private static Outcome outcome(PipeSettings settings, CommandRun.CommandEnd end) {
    return switch (end) {
      case CommandRun.CommandEnd.TimedOut late ->
          deferred(
              SYSTEM,
              "pipe-timeout",
              "the command did not end within "
                  + settings.timeout().toSeconds()
                  + " s and was killed"
                  + quoted(late.output()));
      case CommandRun.CommandEnd.InputFailed not ->
          deferred(SYSTEM, "store", "the message cannot be read: " + not.why());
      case CommandRun.CommandEnd.Exited exited -> {
        PipeExitStatus code = PipeExitStatus.of(exited.status());
        String text = code.text() + quoted(exited.output());
        yield switch (code.meaning()) {
          case DELIVERED ->
              Outcome.Delivered.locally(
                  "pipe:" + settings.name(), "exit 0" + quoted(exited.output()));
          case DEFERRED -> deferred(code.status(), "pipe", text);
          case REFUSED -> refused(code.status(), text);
        };
      }
    };
  }

  private static String quoted(String output) {
    return output.isEmpty() ? "" : ": " + output.substring(0, Math.min(MAX_TEXT, output.length()));
  }

  private static Outcome deferred(EnhancedStatus status, String reason, String text) {
    return new Outcome.Deferred(
        FailureCause.local(reason, status, text, FailureCause.Extent.RECIPIENT));
  }

  private static Outcome refused(EnhancedStatus status, String text) {
    return new Outcome.Refused(
        FailureCause.local("refused", status, text, FailureCause.Extent.RECIPIENT));
  }

  /** What goes before the message: RFC 5321 4.4 requires Return-Path at the final delivery. */
  private static byte[] head(Consignment consignment, Mailbox recipient, PipeSettings settings) {
    String deliveredTo =
        consignment.deliveredTo() == null ? recipient.toString() : consignment.deliveredTo();
    String fields =
        new HeaderBuilder()
            .add("Return-Path", "<" + consignment.sender() + ">")
            .add("Delivered-To", deliveredTo)
            .toString();
    if (settings.lineEnd() == PipeSettings.LineEnd.LF) {
      fields = fields.replace("\r\n", "\n");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (settings.mboxFrom()) {
      out.writeBytes(mboxLine(consignment, settings).getBytes(StandardCharsets.UTF_8));
    }
    out.writeBytes(fields.getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }

  // "From sender Mon Nov 23 22:20:35 2026", as asctime(3) writes it.
  private static String mboxLine(Consignment consignment, PipeSettings settings) {
    String sender = consignment.sender().toString().replace(' ', '_');
    return "From "
        + (sender.isEmpty() ? "MAILER-DAEMON" : sender)
        + " "
        + asctime(consignment.arrived())
        + (settings.lineEnd() == PipeSettings.LineEnd.LF ? "\n" : "\r\n");
  }

  private static String asctime(Instant time) {
    String[] parts = Rfc5322Date.of(time).split("[ ,]+");
    String day = parts[1].length() == 1 ? " " + parts[1] : parts[1];
    return parts[0] + " " + parts[2] + " " + day + " " + parts[4] + " " + parts[3];
  }
}
