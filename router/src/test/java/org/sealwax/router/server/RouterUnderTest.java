package org.sealwax.router.server;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.cli.QueueCommand;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.auth.PasswordFile;

/** The wired router in this process, with a spool of its own, for tests that are cruel to it. */
final class RouterUnderTest implements AutoCloseable {
  /** Bytes of a message that it takes. */
  static final int SIZE = 200_000;

  /** Who may log in. */
  static final String USER = "joe";

  /** The password. */
  static final String PASSWORD = "correct horse";

  final Router router;
  private final Path state;

  /** Starts one whose mail goes nowhere, so that all of it stays where it can be counted. */
  RouterUnderTest(Path folder, MailLog log) throws IOException {
    TlsFactory.prepareJvm();
    state = Files.createDirectories(folder.resolve("state"));
    Path passwords = folder.resolve("passwords");
    Files.writeString(passwords, PasswordFile.line(USER, PASSWORD, RandomSource.secure()) + "\n");
    String text =
        """
        [server]
        hostname = "mx.example.org"
        [[listener]]
        address = "127.0.0.1:0"
        auth = true
        [auth]
        password_file = "%s"
        [[transport]]
        domain = "*"
        next_hop = "[127.0.0.1]:1"
        [limits]
        message_size = "200KB"
        recipients = 100
        """
            .formatted(passwords);
    Configuration read =
        Configuration.parse(
            text, folder, "test", new MachineDefaults(Domain.of("mx.example.org"), state));
    if (!(read instanceof Configuration.ValidConfiguration sound)) {
      throw new IOException(read.report());
    }
    router =
        new Router(sound.settings(), Clock.system(), RandomSource.secure(), log, new Counters());

    router.start(_ -> ReloadReport.COMPLETE);
  }

  int port() {
    return router.addresses().getFirst().getPort();
  }

  Path state() {
    return state;
  }

  /** What {@code sealwax queue} prints. */
  String queue(String... words) throws Exception {
    return queue(state, words);
  }

  /** The same of a router with this state folder. */
  static String queue(Path state, String... words) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of("STATE_DIRECTORY", state.toString()),
            new ByteArrayInputStream(new byte[0]),
            print,
            print,
            "tester",
            state,
            state);
    new QueueCommand(around).command().run(around, List.of(words));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    router.close();
  }
}
