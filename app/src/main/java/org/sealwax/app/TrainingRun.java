package org.sealwax.app;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.TemporaryFolder;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.ReplyReader;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.SendmailArguments;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.LibraryLog;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.receive.ListenerSettings.ListenerTlsMode;
import org.sealwax.router.server.Router;

/**
 * What the launcher runs once after a build, so that Java can prepare the classes of an ordinary
 * start (JEP 514) and remember which code is hot (JEP 515): three routers on loopback, each with a
 * state of its own. The first takes mail unencrypted, from {@code sendmail} and from several
 * clients at a time; it delivers under TLS to the second, which delivers unencrypted to the third,
 * which reaches no host and keeps the mail queued. So every path of ordinary mail runs often enough
 * to be compiled, and a start finds the profile of a router that has been running for a while. At
 * the end the second is assessed ({@link AssessTrainingRun}), and the service is started and ended
 * ({@link ServeTrainingRun}).
 */
final class TrainingRun {
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** Clients at a time: as many as make the store commit several together. */
  private static final int CLIENTS = 16;

  /** Connections of each client; with fewer, hot code is not yet detected. */
  private static final int CONNECTIONS = 60;

  /** Messages on every second connection; the others carry one. */
  private static final int MESSAGES = 4;

  /** Bytes of a message. */
  private static final int MAIL_SIZE = 10_240;

  /** For the mail to arrive at the last router; a rehearsal on a slow machine is cut short. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final ProcessEnvironment process;

  TrainingRun(ProcessEnvironment around) {
    this.process = around;
  }

  int run() throws IOException, InterruptedException {
    TlsFactory.prepareJvm();
    try (TemporaryFolder folder = TemporaryFolder.create(process, "sealwax-rehearsal");
        TextMailLog log = new TextMailLog(LogSettings.defaults(), process.out(), Clock.system())) {
      LibraryLog.lead(log);
      Path state = folder.path();
      process.out().println("rehearsing");
      Router third = router(state.resolve("c"), ListenerTlsMode.NONE, 1, log);
      Router second = router(state.resolve("b"), ListenerTlsMode.STARTTLS, port(third), log);
      Router first = router(state.resolve("a"), ListenerTlsMode.NONE, port(second), log);
      int code;
      try {
        code = send(state.resolve("a"), second);
        sendLoad(port(first), third);
        examine(state, port(second));
      } finally {
        first.drain(GRACE);
        second.drain(GRACE);
        third.drain(GRACE);
      }
      // Last: it sets what the whole process logs to.
      new ServeTrainingRun(process, state).run();
      return code;
    }
  }

  private void examine(Path state, int port) {
    try {
      new AssessTrainingRun(process, state).run(port);
    } catch (IOException e) {
      process.out().println("no assessment is rehearsed: " + FailureText.of(e));
    }
  }

  private static int port(Router router) {
    return router.addresses().getFirst().getPort();
  }

  private static Router router(Path state, ListenerTlsMode encryption, int next, MailLog log)
      throws IOException {
    Files.createDirectories(state);
    String text =
        """
        [server]
        hostname = "rehearsal.localdomain"
        [[listener]]
        address = "127.0.0.1:0"
        tls = "%s"
        [[transport]]
        domain = "*"
        next_hop = "[127.0.0.1]:%d"
        [deliver]
        messages_per_connection = %d
        """
            .formatted(encryption.name().toLowerCase(Locale.ROOT), next, MESSAGES);
    Configuration read =
        Configuration.parse(
            text,
            state,
            "rehearsal",
            new MachineDefaults(Domain.of("rehearsal.localdomain"), state));
    if (!(read instanceof Configuration.ValidConfiguration valid)) {
      throw new IOException(read.report());
    }
    Router router =
        new Router(valid.settings(), Clock.system(), RandomSource.secure(), log, new Counters());

    router.start(_ -> ReloadReport.COMPLETE);
    return router;
  }

  private int send(Path state, Router second) throws IOException, InterruptedException {
    String message = "From: a@rehearsal.localdomain\nTo: b@example.org\nSubject: x\n\nx\n";
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    ProcessEnvironment caller = process.with(message, nowhere);
    int code =
        new Sendmail(caller, Clock.system(), RandomSource.secure())
            .run(
                SendmailArguments.read(List.of("-t", "-i")),
                state,
                Domain.of("rehearsal.localdomain"));
    // Until the second router has it, or it is clear that it will not come.
    long end = Clock.system().nanoTime() + Duration.ofSeconds(10).toNanos();
    while (second.accepted() == 0 && Clock.system().nanoTime() < end) {
      Thread.sleep(50);
    }
    return code;
  }

  /** Many clients with mail of usual size, until all of it has reached the last router. */
  private static void sendLoad(int port, Router last) throws InterruptedException {
    byte[] mail = mail();
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      int number = i;
      clients.add(Threads.start("rehearsal", () -> client(port, number, mail)));
    }
    for (Thread client : clients) {
      client.join();
    }
    long wanted = 1 + (long) CLIENTS * CONNECTIONS / 2 * (1 + MESSAGES);
    long end = Clock.system().nanoTime() + PATIENCE.toNanos();
    while (last.accepted() < wanted && Clock.system().nanoTime() < end) {
      Thread.sleep(50);
    }
  }

  private static byte[] mail() {
    StringBuilder mail = new StringBuilder(MAIL_SIZE + 200);
    for (String field : List.of("From: a@example.net", "To: b@example.org", "Subject: x", "")) {
      mail.append(field).append("\r\n");
    }
    while (mail.length() < MAIL_SIZE) {
      mail.append("The quick brown fox jumps over the lazy dog, and over and over again.\r\n");
    }
    return mail.append(".\r\n").toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** One client; it gives up its mail at the first failure, as nothing depends on it. */
  private static void client(int port, int number, byte[] mail) {
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
          socket.setTcpNoDelay(true);
          socket.setSoTimeout((int) PATIENCE.toMillis());
          ReplyReader in = new ReplyReader(new LineReader(socket.getInputStream()));
          replies(in, 1);
          sendCommands(socket, in, "EHLO rehearsal.localdomain\r\n", 1);
          for (int m = i % 2 == 0 ? 1 : MESSAGES; m > 0; m--) {
            String sender = "MAIL FROM:<a" + number + "@rehearsal.localdomain> SIZE=10240\r\n";
            String recipient = "RCPT TO:<b" + i + "@example.org>\r\n";
            if (number % 2 == 0) {
              sendCommands(socket, in, sender + recipient + "DATA\r\n", 3);
            } else {
              sendCommands(socket, in, sender, 1);
              sendCommands(socket, in, recipient, 1);
              sendCommands(socket, in, "DATA\r\n", 1);
            }
            socket.getOutputStream().write(mail);
            replies(in, 1);
          }
          sendCommands(socket, in, "QUIT\r\n", 1);
        }
      }
    } catch (IOException e) {
      // The cache is made of the code that ran.
    }
  }

  private static void sendCommands(Socket socket, ReplyReader in, String text, int replies)
      throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    replies(in, replies);
  }

  /** Reads so many replies, whatever they are. */
  private static void replies(ReplyReader in, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      var _ = in.read();
    }
  }
}
