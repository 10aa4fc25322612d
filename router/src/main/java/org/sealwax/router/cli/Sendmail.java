package org.sealwax.router.cli;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.message.AddressList;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyReader;
import org.sealwax.router.config.ServerSettings;

/**
 * {@code sendmail}: hands a message to the server by SMTP over its Unix socket, so that the exit
 * code 0 means what {@code 250} means: it is on stable storage. Without a server nothing is stored:
 * the caller keeps the message, and the exit code asks for another attempt.
 */
public final class Sendmail {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss Z", Locale.ROOT);

  private final ProcessEnvironment process;
  private final Clock clock;
  private final RandomSource randomSource;

  public Sendmail(ProcessEnvironment around, Clock clock, RandomSource random) {
    this.process = around;
    this.clock = clock;
    this.randomSource = random;
  }

  /** {@code sendmail}. */
  public static Command command(ProcessEnvironment process) {
    return Command.raw(
        """
        sealwax sendmail [-t] [-i] [-f ADDRESS] [ADDRESS...]
        submit a message as local programs do

        Takes the options of Sendmail: -t (recipients from the header section), -i (a line with
        a dot alone is data), -f (sender), -F (full name), -N, -R, -V (notifications), -bs (SMTP
        on standard input), -bp (list the queue). Other options of Sendmail are accepted and
        ignored, as in Postfix, such as the hop count -h; -h alone prints this page. The program
        behaves like this also when it is called through a link named sendmail. Exit code 0: the
        message is on stable storage; 75: try again later.

        $ sealwax sendmail -t -i < message
        """,
        arguments -> {
          SendmailArguments read = SendmailArguments.read(arguments.operands());
          String named = read.configuration();
          Arguments source =
              named == null ? arguments : new Arguments(Map.of("--config", named), List.of());
          try {
            return switch (read.mode()) {
              case NOTHING -> ExitStatus.OK;
              case QUEUE -> new QueueCommand(process).list(source);
              case SMTP, MESSAGE -> {
                ServerSettings server = new ConfigurationSource(process).server(source);
                yield new Sendmail(process, Clock.system(), RandomSource.secure())
                    .run(read, server.state(), server.hostname());
              }
            };
          } catch (IOException e) {
            process.err().println("sendmail: " + FailureText.of(e));
            // Not the caller's fault, and fixed soon: the mail must not be lost because of it.
            return ExitStatus.TRY_AGAIN;
          }
        });
  }

  /**
   * Submits the message.
   *
   * @param hostname what bare names are completed with
   */
  public int run(SendmailArguments arguments, Path state, Domain hostname) {
    Path socket = StateFolder.submissionSocket(state);
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      if (!Files.exists(socket)) {
        return temporaryFailure(
            "no server is running on " + state + "; the message was not accepted");
      }
      channel.connect(UnixDomainSocketAddress.of(socket));
      InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
      OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 16_384);
      return switch (arguments.mode()) {
        case SMTP -> passThrough(channel, in, out);
        case MESSAGE -> message(arguments, new SubmissionSession(in, out), hostname);
        case QUEUE, NOTHING -> ExitStatus.OK;
      };
    } catch (CommandFailed e) {
      process.err().println("sendmail: " + FailureText.of(e));
      return e.exit();
    } catch (IOException e) {
      return temporaryFailure("the message was not accepted: " + FailureText.of(e));
    }
  }

  private int temporaryFailure(String why) {
    process.err().println("sendmail: " + why + "; try again later");
    return ExitStatus.TRY_AGAIN;
  }

  private int message(SendmailArguments arguments, SubmissionSession smtp, Domain hostname)
      throws IOException {
    LocalMessage message = new LocalMessage(process.in(), arguments.dotIsData());
    List<String> named = new ArrayList<>();
    for (String operand : arguments.recipients()) {
      named.addAll(AddressList.of(operand));
    }
    List<String> recipients = new ArrayList<>();
    if (arguments.recipientsFromHeader()) {
      recipients.addAll(message.recipients());
      message.withoutBcc();
    }
    recipients.addAll(named);
    recipients = recipients.stream().map(r -> complete(r, hostname)).distinct().toList();
    if (recipients.isEmpty()) {
      throw new CommandFailed(ExitStatus.USAGE, "no recipient was given");
    }
    String from = complete(sender(arguments), hostname);
    addMissing(message, arguments, from, hostname);

    smtp.expect(220, "the greeting");
    smtp.send("EHLO " + hostname);
    List<String> capabilities = smtp.expect(250, "EHLO");
    StringBuilder mail = new StringBuilder("MAIL FROM:<" + from + ">");
    boolean international =
        message.internationalHeader()
            || !ascii(from)
            || recipients.stream().anyMatch(r -> !ascii(r));
    mail.append(offers(capabilities, "8BITMIME") ? " BODY=8BITMIME" : "");
    mail.append(international && offers(capabilities, "SMTPUTF8") ? " SMTPUTF8" : "");
    boolean dsn = offers(capabilities, "DSN");
    if (dsn && arguments.returnContent() != null) {
      mail.append(" RET=").append(arguments.returnContent());
    }
    if (dsn && arguments.envelopeId() != null) {
      mail.append(" ENVID=").append(xtext(arguments.envelopeId()));
    }
    smtp.send(mail.toString());
    smtp.expect(250, "the sender " + from);
    for (String recipient : recipients) {
      String notify =
          dsn && arguments.notifyWhen() != null ? " NOTIFY=" + arguments.notifyWhen() : "";
      smtp.send("RCPT TO:<" + recipient + ">" + notify);
      smtp.expect(250, "the recipient " + recipient);
    }
    smtp.send("DATA");
    smtp.expect(354, "DATA");
    message.write(smtp.out);
    smtp.expect(250, "the message");
    smtp.send("QUIT");
    return ExitStatus.OK;
  }

  private String sender(SendmailArguments arguments) {
    String given = arguments.from();
    if (given == null) {
      return process.user();
    }
    List<String> addresses = AddressList.of(given);
    return addresses.isEmpty() ? "" : addresses.getFirst();
  }

  private static String complete(String address, Domain hostname) {
    return address.isEmpty() || address.lastIndexOf('@') > 0
        ? address
        : address + "@" + hostname.name();
  }

  /** RFC 5322 3.6: From and Date are required; a Message-ID makes threads and traces possible. */
  private void addMissing(
      LocalMessage message, SendmailArguments arguments, String from, Domain hostname) {
    Instant now = clock.now();
    if (!message.has("message-id")) {
      String random = HexFormat.of().formatHex(randomSource.bytes(8));
      message.add(
          "Message-ID: <" + now.toEpochMilli() + "." + random + "@" + hostname.name() + ">");
    }
    if (!message.has("date")) {
      message.add("Date: " + DATE.format(now.atZone(ZoneId.systemDefault())));
    }
    if (!message.has("from")) {
      String address = from.isEmpty() ? "MAILER-DAEMON@" + hostname.name() : from;
      String name = arguments.fullName();
      message.add("From: " + (name == null ? address : displayName(name) + " <" + address + ">"));
    }
  }

  private static String displayName(String name) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\');
      }
      out.append(c < ' ' ? ' ' : c);
    }
    return out.append('"').toString();
  }

  private static boolean ascii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  private static boolean offers(List<String> capabilities, String keyword) {
    return capabilities.stream()
        .anyMatch(
            c ->
                c.equalsIgnoreCase(keyword)
                    || c.toUpperCase(Locale.ROOT).startsWith(keyword + " "));
  }

  /** RFC 3461 4. */
  private static String xtext(String text) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if (b > ' ' && b < 0x7f && b != '+' && b != '=') {
        out.append((char) b);
      } else {
        out.append('+').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    return out.toString();
  }

  /** {@code -bs}: the caller speaks SMTP itself. */
  private int passThrough(SocketChannel channel, InputStream in, OutputStream out)
      throws IOException {
    Thread up =
        Threads.startPlatform(
            "up",
            () -> {
              try {
                copy(process.in(), out);
                channel.shutdownOutput();
              } catch (IOException e) {
                // The server closed the connection; the other direction ends, too.
              }
            });
    copy(in, process.out());
    up.interrupt();
    return ExitStatus.OK;
  }

  private static void copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[8192];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      out.write(buffer, 0, n);
      out.flush();
    }
  }

  /** Commands and replies, one after the other. */
  private static final class SubmissionSession {
    private final ReplyReader replies;
    private final OutputStream out;

    private SubmissionSession(InputStream in, OutputStream out) {
      this.replies = new ReplyReader(new LineReader(in));
      this.out = out;
    }

    private void send(String command) throws IOException {
      if (command.chars().anyMatch(c -> c < ' ')) {
        throw new CommandFailed(ExitStatus.DATA, "an address contains a control character");
      }
      out.write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
      out.flush();
    }

    /** Reads the texts of a reply. */
    private List<String> expect(int code, String about) throws IOException {
      Reply reply = replies.read();
      if (reply.code() / 100 == code / 100) {
        return reply.lines();
      }
      String text = about + " was rejected: " + reply;
      if (reply.isPermanent()) {
        boolean address = about.startsWith("the recipient");
        throw new CommandFailed(address ? ExitStatus.NO_USER : ExitStatus.UNAVAILABLE, text);
      }
      throw new IOException(text);
    }
  }
}
