package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.server.Router;

/**
 * The files that one message crosses on its way in and out, in order, as {@code
 * docs/journeys/one-message.md} lists them. The classes of the router are loaded with a call at the
 * begin of each method, and a message goes through the real {@link Router}, to a host on loopback.
 * {@code -Dsealwax.bless=true} writes the list again.
 */
@Timeout(120)
public final class MessagePathTest {
  private static final Path PAGE = Path.of("docs", "journeys", "one-message.md");

  /** The packages in which a message is received, queued and delivered. */
  private static final List<String> PACKAGES =
      List.of("receive", "route", "queue", "spool", "deliver", "evidence");

  /** What a plain message does not cross: nothing of it is configured. */
  private static final List<String> NOT_CONFIGURED =
      List.of(
          "dkim.",
          "milter.",
          "dmarc.",
          "dnsbl.",
          "reports.",
          "feedback.",
          "pipe.",
          "queue.CutThrough");

  /** A ratchet: a change may lower it. */
  private static final int MOST_FILES = 38;

  @TempDir private Path folder = Path.of("");

  /** Messages that are recorded: what some other work called meanwhile is not in all of them. */
  private static final int RECORDED = 3;

  /** Names of the classes that were called for one message, while {@link #recording}. */
  private static final Set<String> CALLED = new LinkedHashSet<>();

  /** For each message that was recorded, the names of the classes. */
  private static final List<Set<String>> MESSAGES = new ArrayList<>();

  private static volatile boolean recording;

  /** Called by each method of the router's classes that this test loads. */
  public static void called(String name) {
    if (recording) {
      synchronized (CALLED) {
        CALLED.add(name);
      }
    }
  }

  /** Records a message from now on, or no more. */
  public static void record(boolean now) {
    recording = now;
    synchronized (CALLED) {
      if (!now && !CALLED.isEmpty()) {
        MESSAGES.add(new LinkedHashSet<>(CALLED));
      }
      CALLED.clear();
    }
  }

  /** Loads the program's classes again, with the calls. */
  private static final class RecordingLoader extends ClassLoader {
    RecordingLoader(ClassLoader parent) {
      super(parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("org.sealwax.") || name.equals(MessagePathTest.class.getName())) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? load(name) : loaded;
      }
    }

    private Class<?> load(String name) throws ClassNotFoundException {
      try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        byte[] defined = fileOf(name) == null ? bytes : recorded(bytes, name.split("\\$")[0]);
        return defineClass(name, defined, 0, defined.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    @Override
    public @Nullable URL getResource(String name) {
      return getParent().getResource(name);
    }

    private static byte[] recorded(byte[] bytes, String name) {
      return ClassFile.of()
          .transformClass(
              ClassFile.of().parse(bytes),
              ClassTransform.transformingMethodBodies(
                  method -> !method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME),
                  CodeTransform.ofStateful(() -> new CallAtBegin(name))));
    }
  }

  private static final class CallAtBegin implements CodeTransform {
    private final String name;
    private boolean done;

    CallAtBegin(String name) {
      this.name = name;
    }

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      if (!done) {
        done = true;
        code.loadConstant(name)
            .invokestatic(
                ClassDesc.of(MessagePathTest.class.getName()),
                "called",
                MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String));
      }
      code.with(element);
    }
  }

  /** The source of a class in one of the packages; null for any other class. */
  private static @Nullable String fileOf(String name) {
    String top = name.split("\\$")[0];
    for (String part :
        Stream.concat(PACKAGES.stream().map(p -> p + "."), NOT_CONFIGURED.stream()).toList()) {
      if (top.startsWith("org.sealwax.router." + part)) {
        String file = "router/src/main/java/" + top.replace('.', '/') + ".java";
        return Files.exists(Path.of("..", file)) || Files.exists(Path.of(file)) ? file : null;
      }
    }
    return null;
  }

  private static Path root() {
    return Files.exists(Path.of("docs")) ? Path.of("") : Path.of("..");
  }

  /** Whether a file does something with the message: it is neither a value nor an interface. */
  private static boolean acts(String file) throws IOException {
    String text = Files.readString(root().resolve(file));
    String name = file.replaceAll(".*/|\\.java", "");
    return text.contains("\npublic final class " + name + " ")
        || text.contains("\nfinal class " + name + " ");
  }

  /** Sends messages through a router: what is made once is made by the first one. */
  public static final class Journey implements Callable<Boolean> {
    private final Path state;

    /** With an empty folder. */
    public Journey(Path state) {
      this.state = state;
    }

    @Override
    public Boolean call() throws Exception {
      TlsFactory.prepareJvm();
      try (ServerSocket host = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
        Threads.start("test-host", () -> serve(host));
        String text =
            """
            [[listener]]
            address = "127.0.0.1:0"
            [[transport]]
            domain = "*"
            next_hop = "[127.0.0.1]:%d"
            """
                .formatted(host.getLocalPort());
        Configuration read =
            Configuration.parse(
                text, state, "test", new MachineDefaults(Domain.of("mx.test.example"), state));
        if (!(read instanceof Configuration.ValidConfiguration valid)) {
          throw new IOException(read.report());
        }
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        try (TextMailLog log = new TextMailLog(LogSettings.defaults(), written, Clock.system());
            Router router =
                new Router(
                    valid.settings(), Clock.system(), RandomSource.secure(), log, new Counters())) {
          router.start(_ -> ReloadReport.COMPLETE);
          int port = router.addresses().getFirst().getPort();
          for (int message = 0; message <= RECORDED; message++) {
            record(message > 0);
            send(port);
            while (written.toString(StandardCharsets.UTF_8).split("status=sent", -1).length
                <= message + 1) {
              Thread.sleep(10);
            }
            // What follows the log line: the step of the queue is stored.
            Thread.sleep(300);
            record(false);
          }
        }
      }
      return true;
    }

    private static void send(int port) throws IOException {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        reply(in);
        for (String command :
            List.of(
                "EHLO client.example",
                "MAIL FROM:<a@example.org>",
                "RCPT TO:<b@example.net>",
                "DATA",
                "Subject: x\r\n\r\nx\r\n.",
                "QUIT")) {
          socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
          reply(in);
        }
      }
    }

    private static void reply(BufferedReader in) throws IOException {
      String line = in.readLine();
      while (line != null && line.length() > 3 && line.charAt(3) == '-') {
        line = in.readLine();
      }
      if (line == null || line.charAt(0) > '3') {
        throw new IOException("not taken: " + line);
      }
    }

    /** A host that takes everything, one session after the other, and closes each after QUIT. */
    private static void serve(ServerSocket host) {
      try {
        while (true) {
          try (Socket client = host.accept()) {
            serve(client);
          }
        }
      } catch (IOException e) {
        // The test is over.
      }
    }

    private static void serve(Socket client) throws IOException {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
      OutputStream out = client.getOutputStream();
      out.write("220 mx.example.net ESMTP\r\n".getBytes(StandardCharsets.UTF_8));
      boolean content = false;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (content && !line.equals(".")) {
          continue;
        }
        content = line.equals("DATA");
        String reply =
            switch (line.split(" ")[0]) {
              case "EHLO" -> "250-mx.example.net\r\n250 PIPELINING\r\n";
              case "DATA" -> "354 go on\r\n";
              case "QUIT" -> "221 bye\r\n";
              default -> "250 2.0.0 ok\r\n";
            };
        out.write(reply.getBytes(StandardCharsets.UTF_8));
        if (line.equals("QUIT")) {
          return;
        }
      }
    }
  }

  @Test
  void theJourneyListsTheFilesThatAMessageCrosses() throws Exception {
    RecordingLoader loader = new RecordingLoader(MessagePathTest.class.getClassLoader());
    Callable<?> journey =
        (Callable<?>)
            loader
                .loadClass(Journey.class.getName())
                .getConstructor(Path.class)
                .newInstance(folder);
    assertEquals(true, journey.call());
    assertEquals(RECORDED, MESSAGES.size());
    Set<String> called = MESSAGES.getFirst();
    MESSAGES.forEach(called::retainAll);
    List<String> crossed = new ArrayList<>();
    for (String name : called) {
      String file = fileOf(name);
      if (file != null && acts(file)) {
        crossed.add(name.substring("org.sealwax.".length()));
      }
    }
    assertEquals(
        List.of(),
        crossed.stream()
            .filter(name -> NOT_CONFIGURED.stream().anyMatch(p -> name.startsWith("router." + p)))
            .toList(),
        "nothing of this is configured");
    Path page = root().resolve(PAGE);
    List<String> lines = Files.readAllLines(page);
    int begin = lines.indexOf("```");
    int end = lines.lastIndexOf("```");
    List<String> listed = lines.subList(begin + 1, end);
    if (Boolean.getBoolean("sealwax.bless") && !Set.copyOf(listed).equals(Set.copyOf(crossed))) {
      List<String> blessed = new ArrayList<>(lines.subList(0, begin + 1));
      blessed.addAll(crossed);
      blessed.addAll(lines.subList(end, lines.size()));
      Files.write(page, blessed);
      return;
    }
    // Threads overlap, so the order of the page is one of several.
    assertEquals(
        crossed.stream().sorted().toList(),
        listed.stream().sorted().toList(),
        PAGE + " is not what a message crosses; bless it: -Dsealwax.bless=true");
    assertTrue(crossed.size() <= MOST_FILES, () -> "a message crosses " + crossed.size());
  }
}
