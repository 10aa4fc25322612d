package org.sealwax.lab.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A person with a real browser: gets a token by the form, sees the page wait, and sees a row come
 * when mail comes, without touching anything. The policy of the pages is in force meanwhile.
 */
@Tag("long")
@Timeout(600)
final class LabPageInBrowserTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Chromium's debugging protocol, as much of it as this needs. */
  private static final class Browser implements AutoCloseable {
    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
    private final WebSocket socket;
    private int number;

    Browser(Path chromium, Path folder, InetAddress host) throws Exception {
      process =
          new ProcessBuilder(
                  chromium.toString(),
                  "--headless=new",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--disable-background-networking",
                  "--no-first-run",
                  "--ignore-certificate-errors",
                  "--hide-scrollbars",
                  "--window-size=1000,1500",
                  "--remote-debugging-port=0",
                  "--host-resolver-rules=MAP lab.example " + host.getHostAddress(),
                  "--user-data-dir=" + folder,
                  "about:blank")
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("log").toFile())
              .start();
      Path port = folder.resolve("DevToolsActivePort");
      while (process.isAlive() && (!Files.exists(port) || Files.size(port) < 3)) {
        Thread.onSpinWait();
        Thread.yield();
      }
      String number = Files.readAllLines(port).getFirst();
      JsonNode pages =
          JSON.readTree(
              client
                  .send(
                      HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + number + "/json"))
                          .build(),
                      HttpResponse.BodyHandlers.ofString())
                  .body());
      String at = "";
      for (JsonNode page : pages) {
        if (page.path("type").asString("").equals("page")) {
          at = page.path("webSocketDebuggerUrl").asString("");
        }
      }
      StringBuilder text = new StringBuilder();
      socket =
          client
              .newWebSocketBuilder()
              .buildAsync(
                  URI.create(at),
                  new WebSocket.Listener() {
                    @Override
                    public @Nullable CompletionStage<?> onText(
                        WebSocket from, CharSequence data, boolean last) {
                      text.append(data);
                      if (last) {
                        answers.add(JSON.readTree(text.toString()));
                        text.setLength(0);
                      }
                      from.request(1);
                      return null;
                    }
                  })
              .get(30, TimeUnit.SECONDS);
    }

    JsonNode call(String method, String parameters) throws Exception {
      int own = ++number;
      socket
          .sendText(
              "{\"id\":" + own + ",\"method\":\"" + method + "\",\"params\":" + parameters + "}",
              true)
          .get(30, TimeUnit.SECONDS);
      while (true) {
        JsonNode answer = answers.poll(60, TimeUnit.SECONDS);
        if (answer == null) {
          throw new IOException("no answer to " + method);
        }
        if (answer.path("id").asInt(0) == own) {
          return answer.path("result");
        }
      }
    }

    /** What a script comes to; empty when the page went away meanwhile. */
    String eval(String script) throws Exception {
      return call(
              "Runtime.evaluate",
              "{\"awaitPromise\":true,\"returnByValue\":true,\"expression\":"
                  + JSON.writeValueAsString(script)
                  + "}")
          .path("result")
          .path("value")
          .asString("");
    }

    /** Polls until the script returns this. */
    void await(String script, String output) throws Exception {
      for (String now = eval(script); !now.equals(output); now = eval(script)) {
        Thread.yield();
      }
    }

    void screenshot(Path file) throws Exception {
      Files.write(
          file,
          Base64.getDecoder()
              .decode(call("Page.captureScreenshot", "{}").path("data").asString("")));
    }

    @Override
    public void close() {
      socket.abort();
      client.shutdownNow();
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().onExit().join();
    }
  }

  private static void pages(Wire wire, TlsServer tls, AtomicReference<@Nullable LabWebSite> site) {
    try (Wire _ = wire) {
      LabWebSite there = site.get();
      if (there != null) {
        there.serve(tls.accept(wire, java.time.Duration.ofSeconds(20)));
      }
    } catch (IOException e) {
      // A browser tries things.
    }
  }

  @Test
  void theTableFillsInABrowser(@TempDir Path folder) throws Exception {
    Path chromium = Path.of("/usr/bin/chromium");
    boolean there = Files.isExecutable(chromium);
    assertTrue(there || System.getenv("CI") == null, "CI has chromium");
    assumeTrue(there, "chromium is not installed");
    Path pages = Files.createDirectories(Path.of("target/pages"));
    LabServiceSettings settings = TestLabService.settings();
    Clock clock = Clock.system();
    IdentityStore store =
        IdentityStore.open(
            IdentitySettings.defaults(folder.resolve("id"), Domain.of("lab.example")),
            clock,
            RandomSource.secure());
    TlsServer tls =
        new TlsFactory(TlsSettings.defaults(), clock, RandomSource.secure())
            .server(
                ListenerTlsSettings.defaults("pages")
                    .withClientCertificates(ClientCertificateMode.NONE),
                store,
                new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none()));
    AtomicReference<@Nullable LabWebSite> site = new AtomicReference<>();
    try (LabService lab =
            TestLabService.open(
                settings,
                Files.createDirectory(folder.resolve("lab")),
                clock,
                wire -> pages(wire, tls, site));
        Browser browser =
            new Browser(
                chromium,
                Files.createDirectory(folder.resolve("profile")),
                settings.addresses().getFirst())) {
      site.set(new LabWebSite(lab, new LabWebSite.ReportDownloads(r -> "{}", r -> "<x/>"), clock));
      browser.call("Page.navigate", "{\"url\":\"" + settings.pages() + "/\"}");
      browser.await(
          "document.querySelector('button[type=submit]')?.textContent ?? ''", "Get a token");
      browser.screenshot(pages.resolve("lab-start.png"));
      browser.eval("document.querySelector('button[type=submit]').click(); ''");
      browser.await("document.querySelector('#row-b3 .chip')?.textContent ?? ''", "waiting");
      String token = browser.eval("document.querySelector('h1').textContent");
      assertTrue(lab.find(token).isPresent(), token);
      assertEquals(
          "No mail has arrived yet.", browser.eval("document.querySelector('.lead').textContent"));
      mail(lab, token, "b3");
      mail(lab, token, "b1");
      // No reload: the page's own script puts the rows in.
      browser.await("document.querySelector('#row-b3 .chip').textContent", "leak");
      browser.await("document.querySelector('#row-b1 .chip').textContent", "good");
      assertEquals(
          "Mail was sent against a policy.",
          browser.eval("document.querySelector('.lead').textContent"));
      assertEquals("waiting", browser.eval("document.querySelector('#row-e3 .chip').textContent"));
      assertEquals(
          "rgb(251, 248, 243)", browser.eval("getComputedStyle(document.body).backgroundColor"));
      browser.screenshot(pages.resolve("lab-token.png"));
    }
  }

  private static void mail(LabService lab, String token, String row) throws IOException {
    Resolver resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(lab.resolvers().getFirst()))
                .withValidation(DnsSettings.Validation.OFF),
            Clock.system(),
            RandomSource.secure());
    InetAddress at =
        resolver
            .addresses(
                Domain.of("mx." + row + "." + token + ".lab.example"), Resolver.AddressFamily.IPV4)
            .records()
            .getFirst();
    try (Socket socket = new Socket(at, lab.settings().ports().smtp())) {
      socket.setSoTimeout(30_000);
      socket
          .getOutputStream()
          .write(
              ("EHLO mx.sender.example\r\nMAIL FROM:<a@sender.example>\r\nRCPT TO:<probe@"
                      + row
                      + "."
                      + token
                      + ".lab.example>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      String output = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      assertTrue(
          output.contains(
              "trap " + row + " recorded: https://lab.example:" + lab.settings().ports().https()),
          output);
    }
  }
}
