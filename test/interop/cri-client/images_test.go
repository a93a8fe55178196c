package walk

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func (w *walk) pullImage(t *testing.T) {
	spec := &v1.ImageSpec{Image: *image, Annotations: map[string]string{"walk": "1"}}
	_, err := by(w.images.PullImage)(t.Context(), spec, nil, nil)
	holds(t, "a pull without credentials fails", err != nil)
	auth := &v1.AuthConfig{Username: *username, Password: *password}
	w.imageRef, err = w.images.PullImage(t.Context(), spec, auth, w.podConfig)
	must(t, err)

	reply, err := by(w.images.ImageStatus)(t.Context(), spec, true)
	must(t, err)
	equal(t, "Id", reply.Image.Id, w.imageRef)
	equal(t, "RepoTags", reply.Image.RepoTags, []string{*image})
	repository := strings.TrimSuffix(*image, ":1") + "@sha256:"
	holds(t, "the digest is told", len(reply.Image.RepoDigests) == 1 && strings.HasPrefix(reply.Image.RepoDigests[0], repository))
	holds(t, "the size is told", reply.Image.Size > 100_000)
	holds(t, "the image's configuration is told", strings.Contains(reply.Info["info"], "imageSpec"))

	listed, err := by(w.images.ListImages)(t.Context(), &v1.ImageFilter{Image: spec})
	must(t, err)
	equal(t, "images listed", len(listed), 1)
	equal(t, "Id listed", listed[0].Id, w.imageRef)
	equal(t, "Size listed", listed[0].Size, reply.Image.Size)
	all, err := w.images.ListImages(t.Context(), nil)
	must(t, err)
	holds(t, "an unfiltered list has it", len(all) >= 1)

	missing, err := w.images.ImageStatus(t.Context(), &v1.ImageSpec{Image: "crikit.test/none:1"}, false)
	must(t, err)
	holds(t, "a missing image has no status, and no error", missing.Image == nil)

	places, err := by(w.images.ImageFsInfo)(t.Context())
	must(t, err)
	holds(t, "image file systems are told", len(places.ImageFilesystems) == 1)
	for _, place := range append(places.ImageFilesystems, places.ContainerFilesystems...) {
		holds(t, "a file system has a place, a size and a time",
			place.FsId.Mountpoint != "" && place.UsedBytes.Value > 0 && place.InodesUsed.Value > 0 && place.Timestamp > 0)
	}
}

func (w *walk) removeImage(t *testing.T) {
	spec := &v1.ImageSpec{Image: w.imageRef}
	must(t, by(w.images.RemoveImage)(t.Context(), spec))
	must(t, w.images.RemoveImage(t.Context(), spec))
	reply, err := w.images.ImageStatus(t.Context(), spec, false)
	must(t, err)
	holds(t, "the image is gone", reply.Image == nil)
}

func code(err error) codes.Code {
	return status.Code(err)
}
